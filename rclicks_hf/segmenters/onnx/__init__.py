"""Networks exported to ONNX as segmenters."""
