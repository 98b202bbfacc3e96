"""Times as people read them."""


def seconds(value: float) -> str:
    """`0.04s`, `12.3s`, `4m05s`, `2h03m`."""
    if value < 10:
        return f"{value:.2f}s"
    if value < 60:
        return f"{value:.1f}s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    return f"{minutes // 60}h{minutes % 60:02d}m"
