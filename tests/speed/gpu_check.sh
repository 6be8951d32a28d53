#!/bin/sh
# All that needs a GPU, in at most 8 minutes: the marked tests, then the speed of the whole engine.
# Run it from the repository's root, with the package and its test extra installed.
set -eu
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}" HF_HUB_OFFLINE=1
status=0
timeout 150 python -m pytest -m gpu -q -n0 -p no:cacheprovider tests/networks tests/benchmark tests/segmenters tests/training || status=$?
timeout 200 python tests/speed/bench_device.py --dtype bfloat16 --images 3 || status=$?
timeout 120 python tests/speed/bench_device.py --dtype bfloat16 --images 3 --methods SAM-B --compile || status=$?
exit "$status"
