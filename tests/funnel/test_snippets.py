from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.features.terms import WORD, terms
from sevenfold.funnel.snippets import snippet

WORDS = st.sampled_from(["dog", "Dogs", "the", "cat", "of", "run", "running.", ",", "naïve", "\n"])
TEXT = st.lists(WORDS, max_size=30).map(" ".join)


@settings(deadline=None)
@given(TEXT, TEXT, st.integers(1, 12))
def test_no_passage_of_the_length_holds_more(text: str, query: str, words: int) -> None:
    found, wanted = snippet(text, query, words=words), set(terms(query, "english"))
    edges = [(word.start(), word.end()) for word in WORD.finditer(text)]
    every = [text[some[0][0]:some[-1][1]] for first in range(len(edges)) if (some := edges[first:first + words])]
    assert found.text in every or (not edges and not found.text)
    best = max((len(set(terms(one, "english")) & wanted) for one in every), default=0)
    assert len(set(terms(found.text, "english")) & wanted) == best
    marked = [terms(found.text[low:high], "english") for low, high in found.spans]
    assert [term for one in marked for term in one] == [term for term in terms(found.text, "english") if term in wanted]


def test_the_first_of_equals_is_taken() -> None:
    text = "A dog runs. Cats sleep. The dog ran, and the dogs run"
    assert snippet(text, "dog", words=3).text == "A dog runs"
    assert snippet(text, "running dogs", words=4).text == "A dog runs. Cats"
    assert snippet(text, "whale", words=2) == ("A dog", ())
    assert snippet("", "dog") == ("", ())
