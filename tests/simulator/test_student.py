"""Quantiles of Student's t, against printed tables."""

import pytest

from simulator.student import t_quantile, two_sided_t


@pytest.mark.parametrize(
    ("degrees", "at_975", "at_9995"),
    [
        (1, 12.706205, 636.619249),
        (2, 4.302653, 31.599055),
        (3, 3.182446, 12.923979),
        (9, 2.262157, 4.780913),
        (10, 2.228139, 4.586894),
        (59, 2.000995, 3.463210),
        (120, 1.979930, 3.373454),
        (1999, 1.961151, 3.295401),
        (5000, 1.960439, 3.292474),
    ],
)
def test_quantiles_are_those_of_the_tables(degrees, at_975, at_9995):
    assert t_quantile(0.975, degrees) == pytest.approx(at_975, rel=1e-5)
    assert two_sided_t(0.999, degrees) == pytest.approx(at_9995, rel=1e-5)


def test_the_distribution_is_symmetric():
    assert t_quantile(0.5, 7) == pytest.approx(0, abs=1e-9)
    assert t_quantile(0.1, 7) == -t_quantile(0.9, 7)


def test_the_expansion_joins_the_series():
    assert t_quantile(0.9995, 1999) == pytest.approx(t_quantile(0.9995, 2000), rel=1e-5)


@pytest.mark.parametrize(("share", "degrees"), [(0, 5), (1, 5), (0.9, 0)])
def test_what_has_no_quantile_is_refused(share, degrees):
    with pytest.raises(ValueError, match="no quantile"):
        t_quantile(share, degrees)
