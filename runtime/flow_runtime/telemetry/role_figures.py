"""What a scheduler, a relay and a notifier count, and how Prometheus reads it."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from flow_engine.dead_letters.contract import Exporter, Letter
from flow_engine.errors import ExportDown

from flow_runtime.telemetry.tally import Distribution

if TYPE_CHECKING:
    from prometheus_client.core import Metric


class ScheduleFigures:
    """`acts` are instants by what was done about them: fire, hold, skip, full. `delay`: from an instant to the start of its run."""

    def __init__(self) -> None:
        self.acts: Counter[str] = Counter(dict.fromkeys(("fire", "hold", "skip", "full"), 0))
        self.delay = Distribution()
        self.troubles = 0
        """Schedules that could not be fired, and failures of the state."""

    def told(self, act: str, seconds: float, created: bool) -> None:
        """What was done about an instant, so many seconds after it."""
        self.acts[act] += 1
        if created:
            self.delay.add(max(seconds, 0.0))

    def families(self) -> Iterator["Metric"]:
        from flow_runtime.telemetry.families import counter, counters, histograms

        acts = [((act,), count) for act, count in self.acts.copy().items()]
        yield counters("flow_schedule_instants", "Instants of schedules, by what was done about them.", ("act",), acts)
        what = "From an instant of a schedule to the start of its run."
        yield histograms("flow_schedule_delay_seconds", what, (), [((), self.delay)])
        yield counter(
            "flow_schedule_troubles", "Schedules that could not be fired, and failures of the state.", self.troubles
        )


class RelayFigures:
    """`refused` letters are tried again, as are those of an outage."""

    def __init__(self) -> None:
        self.exported = self.refused = self.outages = 0
        self.up = True
        self.delay = Distribution()
        """From the failure of a task to the delivery of its letter."""
        self.sending = Distribution()

    def families(self) -> Iterator["Metric"]:
        from flow_runtime.telemetry.families import counter, counters, gauge, histograms

        ends = [(("exported",), self.exported), (("refused",), self.refused)]
        yield counters("flow_relay_letters", "Dead letters that the relay has sent, by the answer.", ("outcome",), ends)
        yield counter(
            "flow_relay_outages", "Batches that could not be delivered because the other side was down.", self.outages
        )
        yield gauge("flow_relay_up", "1 while the other side answered when it was last asked, else 0.", float(self.up))
        what = "From the end of a task to the delivery of its letter."
        yield histograms("flow_relay_delay_seconds", what, (), [((), self.delay)])
        yield histograms("flow_relay_send_seconds", "Deliveries of a batch.", (), [((), self.sending)])


class NotifierFigures:
    """`put_off` notices are tried again; `given_up` ones were refused for good, or are too old."""

    def __init__(self) -> None:
        self.delivered = self.put_off = self.given_up = 0
        self.delay = Distribution()
        """From what is told to its delivery."""

    def told(self, seconds: float) -> None:
        self.delivered += 1
        self.delay.add(max(seconds, 0.0))

    def families(self) -> Iterator["Metric"]:
        from flow_runtime.telemetry.families import counters, histograms

        ends = [(("delivered",), self.delivered), (("put_off",), self.put_off), (("given_up",), self.given_up)]
        yield counters("flow_notifier_notices", "Deliveries that were tried, by their end.", ("outcome",), ends)
        what = "From what a notice tells to its delivery."
        yield histograms("flow_notifier_delay_seconds", what, (), [((), self.delay)])


class CountedExporter:
    """Another exporter, with its figures. `clock` gives seconds since the epoch."""

    def __init__(self, exporter: Exporter, figures: RelayFigures, clock: Callable[[], float] = time.time) -> None:
        self._exporter, self._figures, self._clock = exporter, figures, clock

    def send(self, letters: Sequence[Letter]) -> list[str | None]:
        """Raises ExportDown."""
        figures, began = self._figures, self._clock()
        try:
            answers = self._exporter.send(letters)
        except ExportDown:
            figures.outages += 1
            figures.up = False
            raise
        now = self._clock()
        figures.up = True
        figures.sending.add(max(now - began, 0.0))
        for letter, answer in zip(letters, answers, strict=True):
            if answer is None:
                figures.exported += 1
                figures.delay.add(max(now - letter.created_at, 0.0))
            else:
                figures.refused += 1
        return answers

    def close(self) -> None:
        self._exporter.close()
