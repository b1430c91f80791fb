"""Drive the parsers by Atheris, which looks for bytes that reach new code.

Run as a script, with a folder for what it finds interesting, and options of libFuzzer.
"""

import importlib
import sys
from pathlib import Path

WORDS = [
    *('{"$array":0}', '"$scalar"', '"$tuple"', '"$dict"', '"$bytes"', '"$str"', '"$int"'),
    *('"$float"', '"$complex"', '"<f8"', '"|O"', '"<M8[s]"', '[["', '","', '"C"]]', "\\n[", "e99"),
    *("cnumpy\\n", "_reconstruct", "ndarray", "dtype", "numpy._core.multiarray", "_frombuffer"),
]


def main() -> None:
    """Write the seeds and the dictionary, and fuzz."""
    import atheris  # only here, and only where somebody fuzzes

    sys.path.insert(0, str(Path(__file__).parents[2]))
    with atheris.instrument_imports(include=["ndpipe", "json", "pickle", "base64"]):
        targets = importlib.import_module("tests.fuzz.targets")

    def run(data: bytes) -> None:
        if data:
            targets.TARGETS[data[0] % len(targets.TARGETS)](data[1:])

    folder = Path(sys.argv[1])
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for n, (number, data) in enumerate(targets.seeds()):
        (corpus / f"seed{n}").write_bytes(bytes([number]) + data)
    words = folder / "words"
    escaped = [word.replace('"', '\\"').replace("\\n", "\\x0a") for word in WORDS]
    words.write_text("".join(f'"{word}"\n' for word in escaped))
    options = [f"-dict={words}", f"-artifact_prefix={folder}/", "-rss_limit_mb=2048", "-timeout=10"]
    atheris.Setup([sys.argv[0], *options, *sys.argv[2:], str(corpus)], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
