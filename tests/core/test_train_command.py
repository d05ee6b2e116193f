"""`llmlab train` and `llmlab sample`: from a text of any kind to a model to what it writes; errors are sentences."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from llmlab.cli import app
from llmlab.corpus.texts import NAMES
from llmlab.generation import generate
from llmlab.training import _command, _order, _sizes, _writing, load_checkpoint
from llmlab.training.__main__ import main as training_main
from llmlab.training._processes import own_device
from tests import ROOT

TINY = "--steps 4 --context-length 12 --d-model 16 --n-heads 2 --n-layers 1 --vocab-size 280".split()
TEXTS = {
    "english": "The piano came to the island on a Tuesday. Nobody had ordered it.\n\nSo it stayed.\n" * 20,
    "chinese": "春眠不觉晓处处闻啼鸟夜来风雨声花落知多少" * 60,
    "thai": "ภาษาไทยเขียนติดกันไม่เว้นวรรค" * 40,
    "arabic": "كان يا ما كان في قديم الزمان ملك يسكن في قصر كبير. " * 40,
    "names": "Anna\nBartholomew\nChi\n" * 80,
    "one line": "once upon a time there was a cat " * 50,
    "windows": "one two three\r\nfour five\r\n\r\nsix\r\n" * 50,
    "documents": "<|endoftext|>".join(f"document {n} of many, and its end" for n in range(60)),
    "one document": "a lonely document that ends here " * 30 + "<|endoftext|>",
    "no letters": "".join(str(n * n * n % 9_973) for n in range(600)),
}


def run(*arguments):
    """Exit code, output, and what is printed to the error stream, with white space made even."""
    done = CliRunner().invoke(app, [*map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done.exit_code, done.stdout, " ".join(done.stderr.split())


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("llmlab.course.device", lambda: torch.device("cpu"))
    with torch.random.fork_rng():
        yield


@pytest.fixture
def text(tmp_path):
    (tmp_path / "mine.txt").write_text(TEXTS["english"], encoding="utf-8")
    return "mine.txt"


@pytest.mark.parametrize("name", TEXTS)
def test_any_text_gives_a_model_that_writes(name, tmp_path):
    (tmp_path / "mine.txt").write_bytes(TEXTS[name].encode())
    code, output, errors = run("train", "mine.txt", *TINY)
    assert (code, errors) == (0, "")
    assert output.startswith(f"text      {len(TEXTS[name]):,} characters") and "saved in mine-model" in output
    model, tokenizer = load_checkpoint("mine-model")
    assert model.config.d_model == 16 and len(tokenizer) == model.config.vocab_size
    code, written, errors = run("sample", "mine-model", "--prompt", TEXTS[name][:9], "--tokens", 40)  # past the context
    assert (code, errors) == (0, "") and len(written) > 20


def test_what_is_said_while_it_trains(text):
    code, output, _ = run("train", text, "--steps", 20, *TINY[2:])
    assert code == 0
    lines = output.splitlines()
    said = r"step (\d+) of 20: loss \d\.\d\d; validation (\d\.\d\d), perplexity ([\d,.]+), (\d\.\d\d) bits per byte"
    steps = [re.fullmatch(said, line) for line in lines if line.startswith("step")]
    assert [int(step[1]) for step in steps] == list(range(2, 21, 2))
    assert float(steps[-1][2]) < float(steps[0][2])
    assert re.search(
        r"training  20 steps of \d+ windows, [\d.]+ times through the text, about (\d+ seconds?|[\d.]+ minutes) on 1 t",
        output,
    )
    assert sum(line.startswith("    ") for line in lines) >= 10  # a sample at each measurement
    # The figures are of one loss: e to its power, and in bits for each byte instead of nats for each token.
    loss, perplexity, bits = (float(steps[-1][i]) for i in (2, 3, 4))
    assert perplexity == pytest.approx(2.718281828**loss, rel=0.01)
    _, validation = _order.parts(TEXTS["english"])
    n_tokens = len(load_checkpoint("mine-model")[1].encode(validation))
    assert bits == pytest.approx(loss / 0.693147 * n_tokens / len(validation.encode()), abs=0.02)


def test_the_best_weights_are_saved(tmp_path):
    digits = TEXTS["no letters"]  # with nothing to learn but the text itself
    (tmp_path / "digits.txt").write_text(digits)
    code, output, _ = run("train", "digits.txt", "--steps", 400, *TINY[2:], "--learning-rate", 0.01)
    losses = [float(loss) for loss in re.findall(r"validation (\d+\.\d\d)", output)]
    assert code == 0 and min(losses) < losses[-1] - 0.1
    model, tokenizer = load_checkpoint("digits-model")
    ids = torch.tensor(tokenizer.encode(_order.parts(digits)[1]))
    n = (len(ids) - 1) // 12 * 12
    with torch.no_grad():
        logits = model(ids[:n].view(-1, 12))
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[1 : n + 1]).item()
    assert loss == pytest.approx(min(losses), abs=0.02)
    step = next(line for line in output.splitlines() if f"validation {min(losses):.2f}" in line).split()[1]
    assert output.endswith(f"saved in digits-model: the weights of step {step}, validation loss {min(losses):.2f}\n")


def test_a_run_goes_on_for_more_steps(text):
    assert run("train", text, *TINY)[0] == 0
    code, output, _ = run("train", text, "--resume", "--steps", 8)
    assert code == 0 and "step 8 of 8" in output and "step 4 of 8" not in output
    assert "training  the last 4 of 8 steps," in output
    assert load_checkpoint("mine-model")[0].config.d_model == 16  # that of the run, though not repeated
    saved = {path: path.stat().st_mtime_ns for path in Path("mine-model").iterdir()}
    output = run("train", text, "--resume")[1]
    assert output.startswith("8 steps: loss") and "nothing left to do: ask for more with --steps" in output
    assert saved == {path: path.stat().st_mtime_ns for path in Path("mine-model").iterdir()}
    code, _, errors = run("train", text, "--resume", "--d-model", 32)
    assert code == 2 and errors == "the model in mine-model has d_model 16, not 32: leave out --d-model"
    code, _, errors = run("train", text, "--resume", "--steps", 3)
    assert code == 2 and "has 8 steps behind it, and this run shall have 3 in all: ask for more, --steps 16" in errors


def test_the_seed_decides(text):
    for out, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert run("train", text, "--out", out, "--seed", seed, *TINY)[0] == 0
    a, b, c = (load_checkpoint(out)[0].head.weight for out in "abc")
    assert torch.equal(a, b) and not torch.equal(a, c)
    wrote = [run("sample", "a", "--seed", seed)[1] for seed in (1, 1, 2)]
    assert wrote[0] == wrote[1] != wrote[2]


LATIN = "naïve".encode("latin-1")


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (None, [], "there is no text file at mine.txt"),
        (b"", [], "mine.txt is empty: there is nothing to learn from"),
        (b" \n\n ", [], "mine.txt is empty"),
        (b"\xef\xbb\xbf", [], "mine.txt is empty"),
        (LATIN * 500, [], "mine.txt is not UTF-8: byte 2 is 0xef"),
        ("x".encode("utf-16"), [], "byte order mark of UTF-16"),
        (b"x", [], "the text is too short: 1 token to learn from and 1 to measure on"),
        (b"A short text.", [], "windows of 8 tokens need 9 of each. Use a longer text, 1,000 characters at least"),
        (b"abc " * 300, ["--context-length", "500"], "or a smaller --context-length"),
        (b"abc " * 300, ["--batch-size", "5000"], "and a batch has 5000. Use a longer text, a smaller --batch-size"),
        (b"abc " * 300, ["--d-model", "30"], "n_heads=4 does not divide 30"),
        (b"abc " * 300, ["--vocab-size", "9"], "vocab_size must be at least 257"),
        (b"abc " * 300, ["--steps", "0"], "--steps must be at least 1, got 0"),
        (b"abc " * 300, ["--context-length", "0"], "--context-length must be at least 1, got 0"),
        (b"abc " * 300, ["--batch-size", "0"], "--batch-size must be at least 1, got 0"),
        (b"abc " * 300, ["--learning-rate", "0"], "--learning-rate must be above 0 and finite, got 0.0"),
        (b"abc " * 300, ["--seed", str(2**64)], "--seed must be at least -2**63 and below 2**64, got 18446744073709"),
        (b"abc " * 300, ["--d-model", "200000"], "the model is too large: its weights, gradients and averages need"),
        (b"abc " * 300, ["--n-layers", str(10**9)], "GB. Use a smaller --d-model, fewer --n-layers or a smaller --v"),
        (b"a" * 9_000, ["--vocab-size", "300"], "a smaller --vocab-size, which makes more tokens of the text, or a s"),
        (b"abc " * 300, ["--resume"], "no checkpoint in mine-model"),
    ],
)
def test_what_cannot_be_trained_is_said_in_a_sentence(content, options, said, tmp_path):
    if content is not None:
        (tmp_path / "mine.txt").write_bytes(content)
    code, output, errors = run("train", "mine.txt", *options)
    assert code == 2 and said in errors and output == ""
    assert not (tmp_path / "mine-model").exists()


def test_a_folder_is_no_text(tmp_path):
    (tmp_path / "texts").mkdir()
    assert run("train", "texts")[::2] == (2, "texts is a folder: name a text file")
    assert run("train", "")[::2] == (2, f"no text is named: give a text file, or toy-world, {', '.join(NAMES)}")


def test_a_folder_that_cannot_be_written_is_refused_at_once(text, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write everywhere
    code, output, errors = run("train", text, *TINY, "--out", "run")
    assert code == 2 and output == "" and "cannot be written: name another one, --out FOLDER" in errors


def test_a_model_that_the_memory_cannot_hold_is_said_in_a_sentence(text, monkeypatch):
    def allocate(*_, **__):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")

    monkeypatch.setattr(_command, "_seconds_a_step", allocate)
    code, _, errors = run("train", text, *TINY)
    assert code == 2 and errors.startswith("the memory is not enough: use a smaller --d-model")


def test_nothing_of_yours_is_overwritten(text, tmp_path):
    (tmp_path / "mine-model").mkdir()
    (tmp_path / "mine-model/thesis.tex").write_text("mine")
    code, _, errors = run("train", text, *TINY)
    assert code == 2 and errors == "mine-model is no checkpoint and not empty: name another folder, --out FOLDER"
    assert run("train", text, *TINY, "--out", "run")[0] == 0
    code, _, errors = run("train", text, *TINY, "--out", "run")
    assert code == 2 and "run holds a checkpoint: go on with it, --resume, or name another folder" in errors
    (tmp_path / "run/config.json").write_text('{"model_type": "gpt2"}')
    code, _, errors = run("train", text, *TINY, "--out", "run")
    assert code == 2 and "run/config.json is not the config.json of a checkpoint: 'format' is missing" in errors
    (tmp_path / "a-file").write_text("mine")
    for out in ("a-file", "a-file/new"):
        code, output, errors = run("train", text, *TINY, "--out", out)
        assert code == 2 and "a-file is a file: name another folder" in errors and output == ""


def test_your_own_file_comes_before_the_text_of_that_name(tmp_path):
    (tmp_path / "story").write_text("My own story, word for word. " * 60)
    assert run("train", "story", *TINY)[1].startswith("text      1,740 characters")
    assert run("train", "toy-world", *TINY)[1].startswith("text      6")


def test_a_learning_rate_that_is_far_too_high_is_said(text):
    code, _, errors = run("train", text, *TINY, "--learning-rate", 1e30)
    assert code == 2 and "Usual causes: a learning rate that is too high" in errors


def test_a_model_that_cannot_be_saved_where_it_should_is_saved_elsewhere(text, tmp_path, monkeypatch):
    fallback = tmp_path / "elsewhere"
    monkeypatch.setattr("tempfile.mkdtemp", lambda prefix: str(fallback))
    monkeypatch.setattr("llmlab.training.loop.write_checkpoint", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    code, _, errors = run("train", text, *TINY)
    assert code == 2 and errors == f"mine-model cannot be written (disk full): saved in {fallback}"
    assert load_checkpoint(fallback)[1] is not None


def test_samples_are_what_generate_writes(text):
    run("train", text, *TINY)
    model, tokenizer = load_checkpoint("mine-model")
    ids = tokenizer.encode("The piano")
    generator = torch.Generator().manual_seed(5)
    settings = {"temperature": 0.9, "top_k": 9, "top_p": 0.95}
    expected = generate(model, [ids], 50, generator=generator, slide=True, **settings)[0]
    options = "--temperature 0.9 --top-k 9 --top-p 0.95 --seed 5 --tokens 50".split()
    code, output, _ = run("sample", "mine-model", "--prompt", "The piano", *options)
    assert code == 0 and output == _writing.printable(tokenizer.decode(expected)) + "\n"
    assert run("sample", "mine-model", "--prompt", "The piano", "--tokens", 0)[1] == "The piano\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["nowhere"], "no checkpoint in nowhere"),
        (["tiny", "--temperature", "-1"], "temperature must be at least 0, got -1.0"),
        (["tiny", "--top-k", "0"], "top_k must be at least 1, got 0"),
        (["tiny", "--top-p", "2"], "top_p must be above 0 and at most 1, got 2.0"),
        (["tiny", "--prompt", "caf\udce9"], "the prompt is not UTF-8"),
        (["tiny", "--seed", str(2**70)], "--seed must be at least -2**63 and below 2**64, got 1180591620717411303424"),
    ],
)
def test_what_cannot_be_sampled_is_said_in_a_sentence(options, said):
    code, output, errors = run("sample", *options)
    assert code == 2 and said in errors and output == ""


def test_the_courses_own_model_can_be_sampled():
    assert run("sample", "tiny", "--prompt", "", "--tokens", 5) == run("sample", "tiny", "--tokens", 5)
    assert "a line break" in run("sample", "--help")[1]
    assert run("sample", "tiny", "--prompt", "the king", "--tokens", 5)[1].startswith("the king")


def test_text_that_would_move_the_cursor_is_not_printed():
    assert _writing.printable("a\x1b[2Jb\x07\r\n\tc\x7f\x9b2J") == "a\ufffd[2Jb\ufffd\n\tc\ufffd\ufffd2J"


def test_the_sizes_grow_with_the_text_and_small_models_take_one_thread():
    sizes = [_sizes.sizes_for(n) for n in (100, 20_000, 200_000, 10_000_000)]
    for name in ("vocab_size", "context_length", "d_model", "n_layers", "steps"):
        values = [getattr(one, name) for one in sizes]
        assert values == sorted(values)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        for d_model, device, n_threads in ((64, "cpu", 1), (128, "cpu", 1), (256, "cpu", 3), (64, "cuda", 3)):
            with _sizes.best_threads(d_model, torch.device(device)) as taken:
                assert taken == torch.get_num_threads() == n_threads
            assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_measuring_the_time_of_a_step_leaves_no_trace(text):
    model, _ = load_checkpoint()
    weights, state = model.head.weight.clone(), torch.get_rng_state()
    inputs = torch.zeros(3, 8, dtype=torch.int64)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(inputs, inputs), 2)
    assert _command._seconds_a_step(model, loader) > 0
    assert torch.equal(model.head.weight, weights) and torch.equal(torch.get_rng_state(), state)
    assert own_device().type in {"cpu", "cuda", "mps"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--context-length", "0"], "--context-length must be at least 1, got 0"),
        (["--seed", str(2**80)], "--seed must be at least -2**63 and below 2**64, got 1208925819614629174706176"),
        (["--resume"], "no checkpoint in run"),
    ],
)
def test_the_older_command_refuses_in_the_same_words(options, said, capsys):
    with pytest.raises(SystemExit, match="2"):
        training_main(["--text", "toy-world", "--out", "run", *options])
    assert capsys.readouterr().err.startswith(said)


# --- in processes of their own ---


def start(*command):
    env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "encoding": "utf-8"}
    return subprocess.Popen([sys.executable, "-m", *command], env=env, **pipes)


def interrupted_run(text, steps):
    """What `llmlab train` prints after a Ctrl-C, a second into its steps."""
    process = start("llmlab", "train", text, "--steps", str(steps), *TINY[2:], "--out", "run")
    for line in process.stdout:
        if line.startswith("Ctrl-C stops"):
            break
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return output


@pytest.mark.skipif(sys.platform == "win32", reason="not on Windows: Ctrl-C is sent otherwise there")
def test_ctrl_c_keeps_what_was_learned(text):
    output = interrupted_run(text, steps=100_000)
    assert re.search(r"stopped after \d+ of 100000 steps; --resume goes on\nsaved in run", output)
    process = start("llmlab", "sample", "run", "--prompt", "The piano", "--tokens", "5")
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "") and output.startswith("The piano")


def test_the_older_command_says_it_in_a_sentence_too(tmp_path):
    process = start("llmlab.training", "--text", "nothing.txt", "--out", "run")
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 2 and output == "" and errors.startswith("there is no text file at nothing.txt")
    assert errors.count("\n") == 1
