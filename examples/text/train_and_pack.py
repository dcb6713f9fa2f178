"""Text: tell complaints from praise in one column of short reviews.

The reviews are put together from the phrases below, so nothing is downloaded. Run it with
`python examples/text/train_and_pack.py [FOLDER]`.
"""

import itertools
import sys
from pathlib import Path

import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from scienceops import pack

TARGET = "kind"
THINGS = ["the delivery", "this lamp", "the support", "my order", "the battery", "the app"]
PRAISE = ["was great", "works well", "is lovely", "came early", "made me happy", "is worth it"]
COMPLAINTS = ["was awful", "broke at once", "is useless", "never came", "made me angry", "leaks"]
ENDINGS = ["", " and so did the rest", ", as my neighbour said", " again"]


def load_rows() -> pd.DataFrame:
    """288 reviews and what kind each is."""
    rows = [
        {"review": f"{thing} {opinion}{ending}", TARGET: kind}
        for kind, opinions in (("praise", PRAISE), ("complaint", COMPLAINTS))
        for thing, opinion, ending in itertools.product(THINGS, opinions, ENDINGS)
    ]
    return pd.DataFrame(rows)


def build(folder: Path) -> Path:
    """Train, say how good it is, pack into `folder`; the package's path."""
    train, test = train_test_split(load_rows(), test_size=0.3, random_state=0)
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression())
    model.fit(train["review"], train[TARGET])
    metrics = {"accuracy": accuracy_score(test[TARGET], model.predict(test["review"]))}
    print("text", {name: round(value, 3) for name, value in metrics.items()})
    return pack(
        model,
        test[["review"]].head(20),
        name="reviews",
        training_data=train,
        target=TARGET,
        metrics=metrics,
        policy={"promotion": "auto", "simulated": True},
        path=folder,
    )


if __name__ == "__main__":
    print(build(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
