"""A broker for the tests of the export: the one that FLOW_TEST_KAFKA names, else Apache Kafka, else what a Python package brings."""

from support.kafka.broker import Broker, open_broker

__all__ = ["Broker", "open_broker"]
