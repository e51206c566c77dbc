"""Table structure from pictures.

slanet      the model; `SLANet.from_onnx` and `from_public` read released weights
sla_head    the recurrent reader of structure tokens and cell boxes
vocabulary  structure tokens and their numbers
dataset, metrics, task   data, figures and task `table-structure`
export      one ONNX graph with its loop, as `sampan parse` reads it
"""
