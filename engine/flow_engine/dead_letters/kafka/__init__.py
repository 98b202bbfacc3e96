"""Dead letters to Apache Kafka."""

from flow_engine.dead_letters.kafka.exporter import KafkaExporter

__all__ = ["KafkaExporter"]
