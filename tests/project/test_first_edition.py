"""Every import that the first edition documented: package, name, and the module that one runs."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from tests import ROOT

NAMES = {
    "llmlab.attention": "AttentionResult CausalAttention KVCache MultiHeadAttention SelfAttention causal_mask "
    "influence_map padding_mask prefix_mask scaled_dot_product_attention simplified_attention",
    "llmlab.bpe": "BPETokenizer GPT2_PATTERN gpt2_encoding train_bpe",
    "llmlab.checking": "CannotCheck Checked Planned as_built execute missing plan shown_path stale why_not_compared "
    "write_junit",
    "llmlab.cli": "app check doctor grade lab",
    "llmlab.corpus": "load_text toy_world toy_world_accepts",
    "llmlab.course": "Report device doctor setup show",
    "llmlab.embeddings": "InputEmbedding SkipGram SkipGramHistory apply_rope one_hot_lookup sinusoidal_positions",
    "llmlab.exercises": "Exercise Progress Result UnknownExercise exercise progress",
    "llmlab.explorers": "AttentionBench CacheMeter DistributionSculptor EmbeddingBench InfluenceMap MergePlayer "
    "PipelineMap ShapeTracer TokenizerMicroscope TrainingCurve TrainingReplay WindowMap",
    "llmlab.explorers.attention_bench": "AttentionBench",
    "llmlab.explorers.cache_meter": "CacheMeter",
    "llmlab.explorers.distribution_sculptor": "DistributionSculptor counted_model",
    "llmlab.explorers.embedding_bench": "EmbeddingBench recorded_run",
    "llmlab.explorers.host": "Explorer",
    "llmlab.explorers.influence_map": "InfluenceMap",
    "llmlab.explorers.merge_player": "MergePlayer",
    "llmlab.explorers.pipeline_map": "PipelineMap",
    "llmlab.explorers.shape_tracer": "ShapeTracer",
    "llmlab.explorers.tokenizer_microscope": "TokenizerMicroscope",
    "llmlab.explorers.training_curve": "TrainingCurve",
    "llmlab.explorers.training_replay": "TrainingReplay recorded_runs",
    "llmlab.explorers.window_map": "WindowMap",
    "llmlab.generation": "cache_bytes generate online_attention online_softmax sampling_probabilities",
    "llmlab.gpt": "FeedForward GPT GPTConfig LayerNorm ParameterCount TransformerBlock attention_maps "
    "count_parameters load_gpt2_weights",
    "llmlab.grading": "GraderBroken Row grade_folder isolation summary",
    "llmlab.tokenizers": "ByteTokenizer CharTokenizer UnknownTokenError WORD_PATTERN WordTokenizer",
    "llmlab.training": "History IGNORED LossNotFinite TrainConfig evaluate learning_rate_at load_checkpoint "
    "next_token_loss save_checkpoint split_documents train",
    "llmlab.windows": "SEPARATOR SlidingWindowDataset WindowStatistics create_dataloader pack window_statistics",
}


@pytest.mark.parametrize("module", NAMES)
def test_every_name_is_still_there(module):
    held = import_module(module)
    assert [name for name in NAMES[module].split() if getattr(held, name, None) is None] == []


@pytest.mark.parametrize("command", ["llmlab.training", "llmlab"])
def test_what_is_run_by_name_still_runs(command):
    done = subprocess.run([sys.executable, "-m", command, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "usage" in done.stdout.lower()
