"""Every interleaving of two workers over two tasks, on the real decisions and a real store."""
