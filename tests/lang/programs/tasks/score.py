from pathlib import Path


def score(table: Path, model: str) -> Path:
    return table.with_name(f"{model}.parquet")
