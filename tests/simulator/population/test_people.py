"""The people: they add up to the marginals, and each family is one that could be."""

import datetime
from collections import Counter
from itertools import pairwise

import pytest

from server.rules import citizen_id
from simulator.population.marginals import JIANGKOU, REFERENCE_DAY

HEAD, SPOUSE, SON, DAUGHTER = "02", "10", "20", "30"
FATHER, MOTHER = "51", "52"
GRANDCHILDREN = {"41", "42", "43", "44"}
CHILDREN_AND_IN_LAWS = {SON, DAUGHTER, "28", "38"}


def born(person):
    return datetime.date.fromisoformat(person["birth"])


def age(person):
    birth = born(person)
    before_birthday = (REFERENCE_DAY.month, REFERENCE_DAY.day) < (birth.month, birth.day)
    return REFERENCE_DAY.year - birth.year - before_birthday


def years_between(one, other):
    return (born(other) - born(one)).days / 365.25


def of(family, *kinships):
    return [person for person in family if person["kinship"] in kinships]


def parents_and_children(family):
    """Pairs known from the kinship codes alone, by blood."""
    for child in of(family, SON, DAUGHTER):
        yield from ((parent, child) for parent in of(family, HEAD, SPOUSE))
    for head in of(family, HEAD):
        yield from ((parent, head) for parent in of(family, FATHER, MOTHER))
    grown = of(family, SON, DAUGHTER)
    for child in family:
        if child["kinship"] in GRANDCHILDREN:
            yield from ((parent, child) for parent in grown if parent["kinship"] in (SON, DAUGHTER))


def couples(family):
    for codes in ((HEAD, SPOUSE), (FATHER, MOTHER), (SON, "38"), (DAUGHTER, "28")):
        one, other = of(family, codes[0]), of(family, codes[1])
        if len(one) == len(other) == 1:
            yield (one[0], other[0]) if one[0]["sex"] == "1" else (other[0], one[0])


def share(people, test):
    listed = list(people)
    return sum(bool(test(person)) for person in listed) / len(listed)


@pytest.fixture(scope="session")
def people(part):
    return part.fields("resident")


# --- marginals


def test_household_sizes_are_distributed_as_in_the_census(part):
    counted = Counter(len(family) for family in part.families)
    for size, expected in JIANGKOU.sizes.shares.items():
        assert counted[size] / len(part.families) == pytest.approx(expected, abs=0.013), size


def test_there_are_2_6_people_a_household(part, people):
    assert len(part.families) == len(part.by_type["household"])
    assert len(people) / len(part.families) == pytest.approx(JIANGKOU.mean_size, abs=0.05)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 14, 0.2397), (15, 59, 0.6065), (60, 120, 0.1538), (65, 120, 0.1156), (80, 120, 0.0206)],
)
def test_ages_are_distributed_as_in_guizhou(people, low, high, expected):
    assert share(people, lambda p: low <= age(p) <= high) == pytest.approx(expected, abs=0.011)


def test_about_28_percent_of_the_registered_are_away(people):
    registered = [person for person in people if person["registered"]]
    assert share(registered, lambda p: not p["residing"]) == pytest.approx(0.28, abs=0.02)


def test_some_live_here_without_being_registered(people):
    assert share(people, lambda p: not p["registered"]) == pytest.approx(0.13, abs=0.02)
    assert all(p["residing"] for p in people if not p["registered"])


def test_minorities_are_72_percent_and_the_tujia_the_most(people):
    groups = Counter(person["ethnic"] for person in people)
    assert 1 - groups["01"] / len(people) == pytest.approx(0.72, abs=0.02)
    assert [code for code, _ in groups.most_common(4)] == ["15", "01", "06", "12"]


def test_men_are_as_many_as_in_guizhou(people):
    assert share(people, lambda p: p["sex"] == "1") == pytest.approx(0.511, abs=0.012)


def test_the_families_that_the_work_is_about_exist(part):
    patterns = Counter()
    for family in part.families:
        here = [person for person in family if person["residing"]]
        ages = [age(person) for person in here]
        patterns["old, alone"] += len(here) == 1 and ages[0] >= 60
        patterns["grandparents with children"] += (
            any(a < 16 for a in ages)
            and any(a >= 50 for a in ages)
            and not any(16 <= a < 50 for a in ages)
        )
        patterns["three generations"] += any(a < 16 for a in ages) and any(a >= 60 for a in ages)
        patterns["nobody at home"] += not here
        patterns["parent away"] += bool(here) and any(
            not p["residing"] and p["kinship"] in (HEAD, SPOUSE) for p in family
        )
    for pattern, count in patterns.items():
        assert count > 0.01 * len(part.families), pattern
    assert len(patterns) == 5


# --- one family


def test_every_id_passes_and_agrees_with_its_holder(part):
    holders = {record.id: record.fields for record in part.by_type["resident"]}
    facts = part.fields("resident_restricted")
    assert len(facts) == len(holders)
    for fact in facts:
        number, holder = fact["citizen_id"], holders[fact["resident"]]
        assert citizen_id.problem(number, today=REFERENCE_DAY) is None
        assert number.startswith("99")
        assert citizen_id.sex(number) == holder["sex"]
        assert citizen_id.birth(number) == born(holder)


def test_no_two_people_share_an_id_or_a_phone(part, people):
    numbers = [fact["citizen_id"] for fact in part.fields("resident_restricted")]
    assert len(set(numbers)) == len(numbers)
    phones = [p["phone"] for p in [*people, *part.fields("user")] if "phone" in p]
    assert len(set(phones)) == len(phones)
    assert all(len(phone) == 11 and phone.startswith("1000") for phone in phones)


def test_children_carry_their_fathers_surname(part):
    same = [
        parent["name"][0] == child["name"][0]
        for family in part.families
        for parent, child in parents_and_children(family)
        if parent["sex"] == "1" and child["kinship"] not in ("43", "44")
    ]
    assert len(same) > 2000
    assert sum(same) / len(same) >= 0.95


def test_wives_keep_their_own_surname(part):
    pairs = [pair for family in part.families for pair in couples(family)]
    assert share(pairs, lambda pair: pair[0]["name"][0] == pair[1]["name"][0]) < 0.01


def test_brothers_share_a_generations_character_more_often_than_by_chance(part):
    pairs = [
        (one["name"], other["name"])
        for family in part.families
        for one, other in pairwise([p for p in of(family, SON) if len(p["name"]) == 3])
    ]
    assert share(pairs, lambda pair: pair[0][1] == pair[1][1]) > 0.1


def test_nobody_in_a_family_shares_a_name(part):
    for family in part.families:
        assert len({person["name"] for person in family}) == len(family)


def test_names_belong_to_the_years_in_which_they_were_given(people):
    old = [p["name"][1:] for p in people if born(p).year <= 1955]
    girls = [p["name"][1:] for p in people if born(p).year >= 2013 and p["sex"] == "2"]
    assert not any(mark in name for name in old for mark in "梓萱轩宸")
    assert not any(mark in name for name in girls for mark in "秀腊贵娥")


def test_parents_are_older_than_their_children_by_a_generation(part):
    gaps = [
        years_between(parent, child)
        for family in part.families
        for parent, child in parents_and_children(family)
    ]
    assert min(gaps) >= 17
    assert max(gaps) <= 62
    assert 25 <= sum(gaps) / len(gaps) <= 29


def test_grandparents_are_older_than_grandchildren_by_two(part):
    gaps = [
        years_between(elder, child)
        for family in part.families
        for child in family
        if child["kinship"] in GRANDCHILDREN
        for elder in of(family, HEAD)
    ]
    assert gaps
    assert min(gaps) >= 33


def test_brothers_and_sisters_are_born_nine_months_apart(part):
    for family in part.families:
        for kinships in ((SON, DAUGHTER), tuple(GRANDCHILDREN)):
            births = sorted(born(person) for person in of(family, *kinships))
            assert all((later - one).days > 270 for one, later in pairwise(births))


def test_spouses_are_of_age_and_near_in_age(part):
    gaps = []
    for family in part.families:
        for husband, wife in couples(family):
            assert {husband["sex"], wife["sex"]} == {"1", "2"}
            assert min(age(husband), age(wife)) >= 20
            gaps.append(years_between(husband, wife))
    assert min(gaps) >= -6
    assert max(gaps) <= 13
    assert 1.5 <= sum(gaps) / len(gaps) <= 3.0


def test_sex_agrees_with_kinship(people):
    sexes = {FATHER: "1", MOTHER: "2", SON: "1", DAUGHTER: "2", "28": "1", "38": "2"}
    sexes |= {"41": "1", "42": "2", "43": "1", "44": "2"}
    assert all(person["sex"] == sexes.get(person["kinship"], person["sex"]) for person in people)


def test_each_household_has_one_householder_and_names_them(part):
    for household, family in zip(part.fields("household"), part.families, strict=True):
        heads = of(family, HEAD)
        assert [head["name"] for head in heads] == [household["householder"]]


def test_a_minority_childs_group_is_one_of_its_parents(part):
    for family in part.families:
        for child in of(family, SON, DAUGHTER):
            parents = of(family, HEAD, SPOUSE)
            if len(parents) == 2:
                assert child["ethnic"] in {parent["ethnic"] for parent in parents}


# --- what follows from the facts


def test_small_children_are_never_alone(part):
    for family in part.families:
        ages = [age(person) for person in family if person["residing"]]
        assert not ages or max(ages) >= 18 or min(ages) >= 16


def test_care_tags_agree_with_the_facts(part):
    for family in part.families:
        here = [person for person in family if person["residing"]]
        for person in family:
            tags = set(person["tags"])
            assert ("very_old" in tags) == (age(person) >= 80)
            alone = here == [person] and age(person) >= 60
            assert ("living_alone" in tags) == alone
            assert ("unemployed" in tags) == (person.get("occupation") == "待业")
            assert "veteran" not in tags or age(person) >= 20
            assert "migrant" not in tags or not person["registered"]


def test_a_child_is_left_behind_when_no_parent_is_at_home(part):
    found = 0
    for family in part.families:
        for child in family:
            if child["kinship"] in (SON, DAUGHTER):
                parents = of(family, HEAD, SPOUSE)
            elif child["kinship"] in GRANDCHILDREN:
                parents = of(family, *CHILDREN_AND_IN_LAWS)
            else:
                parents = []
            expected = (
                age(child) < 16 and child["residing"] and not any(p["residing"] for p in parents)
            )
            assert ("left_behind_child" in child["tags"]) == expected
            found += expected
    assert found > 100


def test_a_households_tags_are_those_of_its_people(part):
    for household, family in zip(part.fields("household"), part.families, strict=True):
        assert household["tags"] == sorted({tag for person in family for tag in person["tags"]})


def test_a_households_phone_is_one_of_its_peoples(part):
    for household, family in zip(part.fields("household"), part.families, strict=True):
        phones = [person["phone"] for person in family if "phone" in person]
        assert household.get("phone") == (phones[0] if phones else None)


def test_controlled_categories_are_rare_and_never_among_the_care_tags(part, people):
    controlled = Counter(
        tag for fact in part.fields("resident_restricted") for tag in fact["controlled"]
    )
    kinds = {
        *("mental_illness", "petitioning", "drug_rehabilitation"),
        *("community_correction", "released_prisoner"),
    }
    assert set(controlled) <= kinds
    assert 0 < sum(controlled.values()) < 0.015 * len(people)
    assert not kinds & {tag for person in people for tag in person["tags"]}


def test_the_away_work_and_children_go_to_school(people):
    for person in people:
        work = person.get("occupation", "")
        if 6 <= age(person) < 12:
            assert work == "小学生"
        if not person["residing"] and 23 <= age(person) < 60:
            assert work.endswith("务工")
