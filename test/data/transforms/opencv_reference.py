"""Makes test/fixtures/data/opencv.json: what OpenCV makes of the tests' noise pictures.

pip install opencv-python-headless==4.10.0.84 "numpy<2"; python opencv_reference.py > ../../fixtures/data/opencv.json

The functions that change colours follow PhotoMetricDistortion of mmsegmentation 0.30 (mmcv's bgr2hsv and hsv2bgr are cv2.cvtColor).
cv2 works on BGR; the checksums are of RGB bytes.
"""

import json
import zlib

import cv2
import numpy as np


def noise(width, height):
    x, data = 12345, bytearray(width * height * 3)
    for i in range(len(data)):
        x = (1664525 * x + 1013904223) % 2**32
        data[i] = x >> 24
    return np.frombuffer(bytes(data), np.uint8).reshape(height, width, 3)


def checksum(array):
    return zlib.crc32(np.ascontiguousarray(array).tobytes())


def convert(pixels, alpha=1.0, beta=0.0):
    return np.clip(pixels.astype(np.float32) * alpha + beta, 0, 255).astype(np.uint8)


def distorted(rgb, brightness=None, contrast=None, contrastFirst=True, saturation=None, hue=None):
    bgr = rgb[:, :, ::-1].copy()
    if brightness is not None:
        bgr = convert(bgr, beta=brightness)
    if contrastFirst and contrast is not None:
        bgr = convert(bgr, alpha=contrast)
    if saturation is not None:
        hsv = cv2.cvtColor(bgr, cv2.COLOR_BGR2HSV)
        hsv[:, :, 1] = convert(hsv[:, :, 1], alpha=saturation)
        bgr = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    if hue is not None:
        hsv = cv2.cvtColor(bgr, cv2.COLOR_BGR2HSV)
        hsv[:, :, 0] = (hsv[:, :, 0].astype(int) + hue) % 180
        bgr = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    if not contrastFirst and contrast is not None:
        bgr = convert(bgr, alpha=contrast)
    return bgr[:, :, ::-1]


SIZES = [
    ((7, 5), (7, 5)), ((7, 5), (19, 11)), ((40, 30), (20, 15)), ((40, 30), (21, 15)), ((40, 30), (13, 9)), ((33, 47), (64, 91)),
    ((640, 480), (683, 512)), ((683, 512), (341, 256)), ((500, 364), (1406, 1024)), ((480, 360), (272, 204)), ((1, 1), (3, 4)),
    ((5, 1), (2, 7)), ((300, 2), (77, 1)),
]
CHANGES = [
    dict(contrastFirst=True, brightness=17.3), dict(contrastFirst=True, brightness=-31.9), dict(contrastFirst=True, contrast=0.53),
    dict(contrastFirst=False, contrast=1.47), dict(contrastFirst=True, saturation=0.61), dict(contrastFirst=True, saturation=1.49),
    dict(contrastFirst=True, hue=-18), dict(contrastFirst=True, hue=17), dict(contrastFirst=True, hue=0),
    dict(contrastFirst=True, brightness=9.1, contrast=1.21, saturation=0.8, hue=5),
    dict(contrastFirst=False, brightness=-20.7, contrast=0.72, saturation=1.3, hue=-11),
]


def resized(kind, size, to):
    picture = noise(*size)
    if kind == "linear":
        return cv2.resize(picture, to, interpolation=cv2.INTER_LINEAR)
    return cv2.resize(picture[:, :, 0].copy(), to, interpolation=cv2.INTER_NEAREST)


print(json.dumps({
    "source": f"OpenCV {cv2.__version__} on x86, test/data/transforms/opencv_reference.py",
    "resized": [
        dict(kind=kind, width=size[0], height=size[1], toWidth=to[0], toHeight=to[1], crc32=checksum(resized(kind, size, to)))
        for kind in ("linear", "nearest") for size, to in SIZES
    ],
    # Whole vectors of pixels, and every byte in every place: OpenCV rounds the last pixels of a row in another way.
    "distorted": [dict(change=change, crc32=checksum(distorted(noise(512, 96), **change))) for change in CHANGES],
    "hsvOfAllColours": checksum(distorted(np.stack(np.meshgrid(*[np.arange(256, dtype=np.uint8)] * 3, indexing="ij"), -1).reshape(256, -1, 3), hue=0)),
}, indent=1))
