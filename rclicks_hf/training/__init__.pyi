from .trainer import train as train
from .training_result import TrainResult as TrainResult

__all__ = ["TrainResult", "train"]
