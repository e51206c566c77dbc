"""TextRotNet: a backbone learns from lines without labels, by telling how they are turned (PP-OCRv3 §3.4).

Line pictures are turned by 0, 90, 180 or 270 degrees, brought into a strip of 48 × 320 and classified by the
backbone's last map, averaged. The task `text-rotation` trains that; a recogniser then starts from its backbone
(`model.backbone` of the recipe).
"""
