"""Who is asked first, and why."""

import random

from server.rules.candidates import ROUTES, WEIGHTS, Candidate, Order, choose, route_for

REQUEST = Order(kind="request", order_class="ordinary", street="s1", grid="g1")


def ids(ranked):
    return [place.candidate.id for place in ranked]


def unit(name, **changes):
    values = {"unit_kind": "property", "street": "s1"} | changes
    return Candidate(id=name, **values)


def test_load_is_shared_by_members():
    alone = unit("alone", load=3, members=1)
    team = unit("team", load=6, members=6)
    assert ids(choose(REQUEST, [alone, team])) == ["team", "alone"]


def test_a_nearer_unit_comes_first_when_all_else_is_equal():
    assert ids(choose(REQUEST, [unit("far", distance_m=5000), unit("near")])) == ["near", "far"]


def test_a_preferred_kind_comes_first_until_it_is_too_busy():
    property_company, party = unit("a"), unit("b", unit_kind="party")
    assert ids(choose(REQUEST, [party, property_company])) == ["a", "b"]
    assert ids(choose(REQUEST, [party, unit("a", load=2)])) == ["b", "a"]


def test_the_ranking_does_not_depend_on_the_order_of_its_arguments():
    units = [unit(f"u{n}", load=n % 3, distance_m=100.0 * (n % 5)) for n in range(20)]
    expected = ids(choose(REQUEST, units))
    for seed in range(5):
        random.Random(seed).shuffle(units)
        assert ids(choose(REQUEST, units)) == expected


def test_only_the_own_grid_of_the_grids_is_asked():
    question = Order(kind="consultation", order_class="ordinary", street="s1", grid="g1")
    grids = [unit(g, unit_kind="grid", grid=g) for g in ("g1", "g2")]
    assert ids(choose(question, grids)) == ["g1"]


def test_a_unit_of_another_business_or_street_is_left_out():
    order = Order("complaint", "ordinary", "s1", "g1", business=frozenset({"water"}))
    water = unit("water", unit_kind="department", business=frozenset({"water"}))
    power = unit("power", unit_kind="department", business=frozenset({"power"}))
    away = unit("away", unit_kind="department", street="s2")
    assert ids(choose(order, [power, away, water])) == ["water"]


def test_who_returned_an_order_is_not_asked_again_unless_alone():
    order = Order("request", "ordinary", "s1", "g1", tried=frozenset({"a"}))
    assert ids(choose(order, [unit("a"), unit("b", load=50)])) == ["b"]
    only = choose(order, [unit("a")])
    assert ids(only) == ["a"]
    assert "曾经退单" in only[0].explain("zh")


def test_nobody_of_a_fitting_kind_means_nobody():
    assert choose(Order("complaint", "hard", "s1", "g1"), [unit("a")]) == ()


def test_every_place_is_explained_in_both_languages_and_adds_up():
    order = Order("request", "quick", "s1", "g1", business=frozenset({"lift"}))
    place = choose(
        order,
        [unit("b", unit_kind="party", load=2, distance_m=1500, business=frozenset({"lift"}))],
    )[0]
    assert place.explain("zh") == (
        "党员，第 2 选择；业务对口：lift；在办 2 件，约 90 分钟；距离 1.5 公里，约 18 分钟"
    )
    assert place.explain("en") == (
        "party members, choice number 2 here; its business: lift;"
        " 2 orders waiting, about 90 min; 1.5 km away, about 18 min"
    )
    assert place.minutes == WEIGHTS.kind_min + 2 * WEIGHTS.order_min + 1.5 * WEIGHTS.km_min


def test_every_kind_and_class_has_a_route():
    for kind in ("consultation", "request", "suggestion", "report", "complaint", "whistle"):
        for order_class in ("ordinary", "quick", "hard", "emergency"):
            route = route_for(Order(kind, order_class, "s", "g"))
            assert route.mode in {"open", "assigned"}
            assert route.unit_kinds


def test_emergencies_and_hard_orders_are_never_left_open_to_claim():
    for route in ROUTES:
        if set(route.classes) & {"emergency", "hard"}:
            assert route.mode == "assigned"
