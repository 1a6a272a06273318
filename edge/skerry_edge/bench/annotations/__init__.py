"""Labelled pictures on disk: Pascal VOC, YOLO and COCO, read strictly."""
