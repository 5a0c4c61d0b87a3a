"""By which rules a text was written, in words: what generate() was asked for in the end."""

from collections.abc import Mapping

from taskcli.explain.views.written import Text

# What changes scores before a token is chosen, by the names of transformers' classes.
_CHANGES: Mapping[str, str] = {
    "TemperatureLogitsWarper": "temperature {temperature}",
    "TopKLogitsWarper": "the {top_k} likeliest alone",
    "TopPLogitsWarper": "the likeliest of the share {top_p} alone",
    "MinPLogitsWarper": "none below the share {min_p} of the likeliest",
    "TypicalLogitsWarper": "typical tokens alone",
    "EpsilonLogitsWarper": "none below a probability of {epsilon_cutoff}",
    "EtaLogitsWarper": "none below a cutoff that follows the entropy",
    "RepetitionPenaltyLogitsProcessor": "repetition penalty {repetition_penalty}",
    "EncoderRepetitionPenaltyLogitsProcessor": "a penalty on words that the source lacks",
    "NoRepeatNGramLogitsProcessor": "no {no_repeat_ngram_size} tokens in a row twice",
    "EncoderNoRepeatNGramLogitsProcessor": "no row of tokens of the source",
    "NoBadWordsLogitsProcessor": "forbidden tokens",
    "SequenceBiasLogitsProcessor": "favoured or forbidden tokens",
    "MinLengthLogitsProcessor": "no end before the least length",
    "MinNewTokensLengthLogitsProcessor": "no end before the least length",
    "ForcedBOSTokenLogitsProcessor": "the first token is forced",
    "ForcedEOSTokenLogitsProcessor": "the end is forced at the greatest length",
    "ExponentialDecayLengthPenalty": "an end that grows likelier",
    "SuppressTokensLogitsProcessor": "suppressed tokens",
    "SuppressTokensAtBeginLogitsProcessor": "tokens suppressed at the beginning",
    "PrefixConstrainedLogitsProcessor": "allowed tokens alone",
    "InfNanRemoveLogitsProcessor": "no infinite scores",
    "LogitNormalization": "scores become probabilities again",
}


def changes_of(text: Text) -> list[str]:
    """What may change scores, in words."""
    values = text.config.to_dict()
    return [_CHANGES.get(one, one).format_map(values) for one in text.written.processors]


def way_of(text: Text, is_changed: bool) -> str:
    """A sentence on how tokens were chosen; by scores that were changed, maybe."""
    beams = text.config.num_beams or 1
    if beams > 1 and text.config.do_sample:
        return f" {beams} beams went on by chance; this is the best text of theirs."
    if beams > 1:
        return (
            f" The text is the best of {beams} beams as a whole: its tokens need not be the "
            "likeliest ones."
        )
    if text.config.do_sample:
        return " Tokens were drawn by chance: another run may draw others."
    if is_changed:
        return " The token of the highest score was taken every time."
    return " The likeliest token was taken every time."
