"""Detection: backbone × neck × head × assigner × loss, each to be exchanged for another.

picodet            the detector and its variants by name; `PicoDet.from_onnx` reads released weights
path_aggregation   necks: CSP-PAN, LC-PAN
pico_head(_v2)     heads; both return a `dense.DensePrediction`
simota, atss, task_aligned   assigners (contract in `assignment`)
dense_loss         varifocal, GIoU and distribution focal loss over assigned points
decoding           from predictions to detections
fgd                distillation of features (focal and global)
dataset, average_precision, task   data, figure and task `layout-detection`
export             ONNX in the form that `sampan parse` reads
"""
