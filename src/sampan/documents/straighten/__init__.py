"""Puts pages straight: picture → upright picture, with the way back (`Straightener`).

straighten   composes the steps below into one warp
perspective  the page's outline in a photo
skew         direction and tilt of the text lines
orientation  which way up, from a classifier, the lines and, in doubt, the recogniser
samples      line strips for the recogniser to judge
ink          the reduced picture that all of them measure
"""

from sampan.documents.straighten.straighten import Position, Straightener

__all__ = ["Position", "Straightener"]
