"""What the deep models share: one written form of a network, trained by PyTorch and served by ONNX Runtime."""
