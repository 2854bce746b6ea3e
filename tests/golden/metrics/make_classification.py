"""Writes classification.json: scores, labels and scikit-learn's answers for them.

Run with Debian's python3-sklearn 1.2.1:  /usr/bin/python3 make_classification.py
"""
import json
import os

import numpy as np
from sklearn.metrics import f1_score, matthews_corrcoef, precision_recall_curve, roc_auc_score

rng = np.random.default_rng(7)


def case(name, scores, labels):
    scores, labels = np.asarray(scores, dtype=float), np.asarray(labels, dtype=int)
    both = 0 < labels.sum() < len(labels)
    best = None
    for t in np.unique(scores):
        mcc = matthews_corrcoef(labels, scores >= t)
        if best is None or mcc > best[1] + 1e-12:
            best = (t, mcc)
    precision, recall, _ = precision_recall_curve(labels, scores)
    with np.errstate(invalid="ignore"):
        f1 = np.nan_to_num(2 * precision * recall / (precision + recall))
    return {
        "name": name,
        "scores": scores.tolist(),
        "labels": labels.tolist(),
        "auc": float(roc_auc_score(labels, scores)) if both else None,
        "threshold": float(best[0]),
        "mcc": float(best[1]),
        "f1_at_mcc": float(f1_score(labels, scores >= best[0], zero_division=0)),
        "f1_max": float(f1.max()),
    }


cases = []
for n, share, digits in [(7, 0.4, 1), (40, 0.1, 1), (40, 0.5, 2), (200, 0.03, 6), (200, 0.3, 6), (200, 0.3, 1)]:
    labels = (rng.random(n) < share).astype(int)
    labels[0], labels[1] = 1, 0
    scores = np.round(1 / (1 + np.exp(-(rng.normal(size=n) + 0.8 * labels))), digits)
    cases.append(case(f"n{n} share{share} digits{digits}", scores, labels))
cases.append(case("perfect", [0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]))
cases.append(case("reversed", [0.9, 0.8, 0.2, 0.1], [0, 0, 1, 1]))
cases.append(case("all scores equal", [0.5] * 6, [0, 1, 0, 1, 0, 0]))
cases.append(case("only positives", [0.2, 0.5, 0.9], [1, 1, 1]))
cases.append(case("only negatives", [0.2, 0.5, 0.9], [0, 0, 0]))

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "classification.json")
with open(path, "w", encoding="utf-8") as file:
    file.write("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
