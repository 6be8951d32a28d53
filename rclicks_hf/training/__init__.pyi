from .from_repo import train_from_repo as train_from_repo
from .score_file import TrainingData as TrainingData
from .trainer import train as train
from .training_result import TrainResult as TrainResult

__all__ = ["TrainResult", "TrainingData", "train", "train_from_repo"]
