"""Writes localization.json: small heat maps and truths with the answers of OpenCV, Pillow and NumPy under CheXlocalize's rules.

Run with Debian's python3-opencv 4.6 and python3-pil 9.4:  /usr/bin/python3 make_localization.py
"""
import json
import os

import cv2
import numpy as np
from PIL import Image, ImageDraw

rng = np.random.default_rng(11)


def resize(values, height, width):
    """Bilinear, half-pixel centres (align_corners = False)."""
    def axis(size, new):
        place = np.clip((np.arange(new) + 0.5) * size / new - 0.5, 0, size - 1)
        first = np.floor(place).astype(int)
        return first, np.minimum(first + 1, size - 1), place - first
    y0, y1, fy = axis(values.shape[0], height)
    x0, x1, fx = axis(values.shape[1], width)
    top = values[y0][:, x0] * (1 - fx) + values[y0][:, x1] * fx
    bottom = values[y1][:, x0] * (1 - fx) + values[y1][:, x1] * fx
    return top * (1 - fy)[:, None] + bottom * fy[:, None]


def otsu(unit):
    steps = np.uint8(255 * unit.astype(np.float32))
    binary = cv2.threshold(steps, 0, steps.max(), cv2.THRESH_OTSU)[1]
    contours = cv2.findContours(binary, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)[0]
    picture = Image.new("1", (unit.shape[1], unit.shape[0]))
    plain = np.zeros(steps.shape, np.uint8)
    for contour in contours:
        if len(contour) > 1:
            ImageDraw.Draw(picture).polygon([(int(p[0][0]), int(p[0][1])) for p in contour], outline=1, fill=1)
            cv2.drawContours(plain, [contour], -1, 1, cv2.FILLED)
    mask = np.array(picture, dtype=bool)
    # At sharp concave corners Pillow's versions colour a pixel or two outside the contour; such maps settle nothing.
    return mask if (mask == (plain > 0)).all() else None


def iou(mask, truth):
    return None if not mask.any() or not truth.any() else float((mask & truth).sum() / (mask | truth).sum())


cases = []
sizes = [(4, 5, 23, 31), (7, 7, 40, 40), (14, 14, 33, 20), (16, 16, 16, 16), (9, 9, 27, 27), (16, 16, 16, 16), (24, 24, 24, 24), (5, 5, 12, 12)]
for index, (h, w, height, width) in enumerate(sizes):
    mask = None
    while mask is None:
        values = np.round(rng.random((h, w)) ** (1 + index % 3), 3).astype(np.float32)
        big = resize(values.astype(np.float64), height, width)
        unit = (big - big.min()) / (big.max() - big.min())
        mask = otsu(unit)
    truth = np.zeros((height, width), dtype=bool)
    if index != 7:
        y, x = rng.integers(0, height // 2), rng.integers(0, width // 2)
        truth[y:y + height // 3 + 1, x:x + width // 3 + 1] = True
    peak = np.unravel_index(np.argmax(big), big.shape)
    cases.append({
        "map": [h, w, values.ravel().tolist()],
        "truth": [height, width, truth.astype(int).ravel().tolist()],
        "otsu_pixels": int(mask.sum()),
        "otsu_iou": iou(mask, truth),
        "tuning_ious": [iou(unit > t, truth) for t in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)],
        "hit": bool(truth[peak]) if truth.any() else None,
    })

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "localization.json")
with open(path, "w", encoding="utf-8") as file:
    file.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
