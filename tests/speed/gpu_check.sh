#!/bin/sh
# What needs a GPU, in at most 8 minutes: the marked tests, then the speed of the whole engine with
# SAM-B. The other methods of bench_device.py, and its --compile, take as long again.
# Run it from the repository's root, with the package and its test extra installed.
set -eu
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}" HF_HUB_OFFLINE=1
status=0
timeout 150 python -m pytest -m gpu -q -n0 -p no:cacheprovider tests/networks tests/benchmark tests/segmenters tests/training || status=$?
timeout 320 python tests/speed/bench_device.py --dtype bfloat16 --methods SAM-B || status=$?
exit "$status"
