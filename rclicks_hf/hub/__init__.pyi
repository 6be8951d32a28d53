from .install import install_all as install_all
from .install import install_dataset as install_dataset
from .install import install_metrics as install_metrics
from .push import push_folder as push_folder
from .push import push_kind as push_kind
from .transfer import Pushed as Pushed
from .transfer import require_repo_id as require_repo_id

__all__ = [
    "Pushed",
    "install_all",
    "install_dataset",
    "install_metrics",
    "push_folder",
    "push_kind",
    "require_repo_id",
]
