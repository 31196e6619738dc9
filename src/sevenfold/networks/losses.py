"""Losses: of yes or no, and those that compare an example's own item with others.

Two take `scores` [B, B], where row i holds user i against the items of all examples and the diagonal its own, and
`same` [B, B], true where two examples have one item: such a pair is no negative, and the diagonal is the positive.
"""

from __future__ import annotations

import math
from typing import Any


def cross_entropy(logits: Any, label: Any, _: Any = None) -> Any:
    """Of yes (a label above 0) or no, the mean over the labels [n, outputs] or [n] that are known, not NaN; 0 where none is."""
    import torch

    label = label.reshape(logits.shape)
    known = ~torch.isnan(label)
    if not known.any():
        return 0.0 * logits.sum()
    return torch.nn.functional.binary_cross_entropy_with_logits(logits[known], (label[known] > 0).float())


def sampled_softmax(scores: Any, same: Any, log_q: Any) -> Any:
    """Cross entropy of the own item against the whole catalogue, of which the batch is a sample.

    `log_q` [B] is the log of the share of each item among all examples, hence of its chance to be drawn. A popular item
    stands in many batches; without a correction it is punished as a negative that often. A negative's logit is
    therefore lowered by log((B - 1) q) (Yi et al. 2019, eq. 4), and the own item, which is there for certain, is
    left as it is: the sum in the denominator then has the catalogue's sum as its expectation.
    """
    import torch

    size = len(scores)
    negatives = (scores - (log_q + math.log(max(size - 1, 1)))).masked_fill(same, -math.inf)
    logits = torch.diagonal_scatter(negatives, scores.diagonal())
    return torch.nn.functional.cross_entropy(logits, torch.arange(size))


def against_sample(own: Any, scores: Any, same: Any, log_q: Any) -> Any:
    """Cross entropy of the own item [n] against the whole catalogue, of which a sample of m, drawn with return, stands in.

    `scores` [n, m] are those of the sample, `log_q` [m] the logs of the chances of each draw. As above a negative's logit is
    lowered by log(m q), so that the sum of their exponentials has that of the catalogue as its expectation; where a
    negative is the own item (`same` [n, m]) it is left out.
    """
    import torch

    negatives = (scores - (log_q + math.log(scores.shape[1]))).masked_fill(same, -math.inf)
    return (torch.logaddexp(own, negatives.logsumexp(1)) - own).mean()


def triplet(scores: Any, same: Any, margin: float) -> Any:
    """Hinge on squared distances with semi-hard negatives (Schroff et al. 2015, section 3.2); `scores` are cosines.

    The negative is the nearest one that is farther than the positive; where none is, the farthest of all. An example
    without any negative in its batch costs nothing.
    """
    import torch

    positive = scores.diagonal()[:, None]
    semi_hard = scores.masked_fill(same | (scores >= positive), -math.inf).amax(1)
    easiest = scores.masked_fill(same, math.inf).amin(1)
    negative = torch.where(torch.isfinite(semi_hard), semi_hard, easiest)
    cost = (margin - 2.0 * positive[:, 0] + 2.0 * negative).clamp(min=0.0)  # |a - b|² = 2 - 2 cos on the unit sphere
    return torch.where(torch.isfinite(negative), cost, torch.zeros_like(cost)).mean()


def within_request(logits: Any, label: Any, request: Any) -> Any:
    """Cross entropy between a request's labels, scaled to sum 1, and the softmax of its logits [n] (Cao et al. 2007, top one).

    Rows of one request [n] stand together; requests without a positive cost nothing.
    """
    import torch

    first = torch.cat([torch.ones(1, dtype=torch.bool), request[1:] != request[:-1]])
    number = first.cumsum(0) - 1
    place = torch.arange(len(request)) - first.nonzero()[number, 0]
    shape = (int(number[-1]) + 1, int(place.max()) + 1)
    share = torch.zeros(shape).index_put((number, place), label.clamp(min=0.0))
    table = torch.full(shape, -math.inf).index_put((number, place), logits)
    total = share.sum(1, keepdim=True)
    chosen = torch.where(share > 0, torch.log_softmax(table, dim=1), torch.zeros(()))
    return -(share / total.clamp(min=1e-9) * chosen).sum() / (total > 0).sum().clamp(min=1)
