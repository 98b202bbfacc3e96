"""Splitting, training and judging, with scikit-learn. Models and data travel from task to task as files."""

import pickle
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


@dataclass
class Parts:
    train: Path
    test: Path


@dataclass
class Trained:
    name: str
    file: Path


@dataclass
class Judged:
    name: str
    accuracy: float
    wrong: int


def split_data(seed: int, test_share: float) -> Parts:
    """Both parts have the ten digits in the same proportions."""
    images, labels = load_digits(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(
        images, labels, test_size=test_share, random_state=seed, stratify=labels
    )
    parts = Parts(Path("train.npz"), Path("test.npz"))
    numpy.savez(parts.train, images=train_x, labels=train_y)
    numpy.savez(parts.test, images=test_x, labels=test_y)
    return parts


def train(data: Path, kind: str, strength: float, seed: int) -> Trained:
    """`strength` is the model's main dial: C of the logistic regression and the SVM, the number of neighbours or of trees."""
    images, labels = _load(data)
    model = make_pipeline(StandardScaler(), _classifier(kind, strength, seed)).fit(images, labels)
    file = Path("model.pickle")
    file.write_bytes(pickle.dumps(model))
    return Trained(f"{kind}({strength:g})", file)


def _classifier(kind: str, strength: float, seed: int) -> Any:
    if kind == "logistic":
        return LogisticRegression(C=strength, max_iter=1000, random_state=seed)
    if kind == "svm":
        return SVC(C=strength, random_state=seed)
    if kind == "neighbours":
        return KNeighborsClassifier(int(strength))
    if kind == "forest":
        return RandomForestClassifier(int(strength), random_state=seed)
    raise ValueError(f"there is no model called {kind}; there are: logistic, svm, neighbours, forest")


def evaluate(model: Path, name: str, test: Path) -> Judged:
    images, labels = _load(test)
    guesses = _model(model).predict(images)
    return Judged(name, round(float(accuracy_score(labels, guesses)), 4), int((guesses != labels).sum()))


def write_report(judged: list[Judged], best: int, model: Path, test: Path) -> Path:
    """A page with the models from best to worst, and the best one's confusion matrix."""
    images, labels = _load(test)
    matrix = confusion_matrix(labels, _model(model).predict(images))
    ranked = sorted(judged, key=lambda one: -one.accuracy)
    rows = [("model", "accuracy", "wrong"), *((one.name, f"{one.accuracy:.2%}", one.wrong) for one in ranked)]
    cells = [("true \\ guess", *range(10)), *((digit, *counts) for digit, counts in enumerate(matrix.tolist()))]
    report = Path("digits.html")
    report.write_text(
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Digits</title>\n'
        "<style>body { font: 16px sans-serif; margin: 2rem } td { padding: .2rem .7rem; text-align: right }</style>\n"
        f"<h1>Best: {escape(judged[best].name)}</h1>\n{_table(rows)}\n<h2>Its confusion matrix</h2>\n{_table(cells)}\n</html>\n",
        encoding="utf-8",
    )
    return report


def _table(rows: list[Any]) -> str:
    lines = ["<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows]
    return "<table>\n" + "\n".join(lines) + "\n</table>"


def _load(data: Path) -> tuple[Any, Any]:
    with numpy.load(data) as arrays:
        return arrays["images"], arrays["labels"]


def _model(file: Path) -> Any:
    """A pickle is code: read only what this workflow has written."""
    return pickle.loads(file.read_bytes())
