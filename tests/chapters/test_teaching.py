"""The two pages for teachers say nothing about the chapters that is not so."""

import re

import pytest

from tests.chapters.test_edition import main_line, words
from tools import measure
from tools.chapters import ROOT, chapters, read
from tools.editions import FOLDED

# Every item of a list on one line.
GUIDE = re.sub(r"\n +(?=\S)", " ", (ROOT / "book" / "teaching.md").read_text("utf-8"))
RUNNING = (ROOT / "book" / "running_a_class.md").read_text("utf-8")
SLUGS = [chapter.stem for chapter in chapters()]
NEEDS = {measure.slug_of(row): row for row in measure.rows(measure.NEEDS)}

# 3. [Chapter 5](../notebooks/05_slug.md). Predict first 1, 2; exercises 1, 4 (20 minutes). ...
PLAN = re.compile(
    r"^\d+\. \[Chapter (?P<number>\d+)\]\(../notebooks/(?P<slug>\w+)\.md\)[^.]*\.\s"
    r"Predict first (?P<predict>[\d, ]+);\sexercises (?P<exercises>[\d, ]+)\s"
    r"\((?P<minutes>\d+)\sminutes\)",
    re.MULTILINE,
)


def numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


@pytest.mark.parametrize("slug", SLUGS)
def test_every_chapter_has_been_measured_and_keeps_to_its_limits(slug):
    assert slug in NEEDS, "run `make measure`"
    row = NEEDS[slug]
    assert 0 < int(row["CPU s"]) < 60
    assert 0 < int(row["MB"]) < 1500


@pytest.mark.parametrize("slug", SLUGS)
def test_the_table_has_the_title_and_the_minutes_of_the_chapter(slug):
    chapter = ROOT / "notebooks" / f"{slug}.md"
    assert measure.title(chapter) in NEEDS[slug]["chapter"], "run `make measure`"
    minutes = measure.exercise_minutes(chapter)
    assert int(NEEDS[slug]["min"]) == sum(minutes)
    text = chapter.read_text("utf-8")
    assert len(minutes) == text.count(":class: exercise")
    assert f" minutes, and {sum(minutes)} for the exercises; the code runs in" in text


def reading_minutes(cells: list) -> float:
    """Return the minutes that the rule of the guide gives to a chapter's main line."""
    assert "one for 100 words, one for 10 lines of code, two for a prediction" in GUIDE
    text = "\n".join(c.source for c in main_line(cells) if c.cell_type == "markdown")
    lines = [
        line
        for cell in main_line(cells)
        if cell.cell_type == "code" and not FOLDED & set(cell.metadata.get("tags", []))
        for line in cell.source.splitlines()
        if line.strip()
    ]
    predictions = re.findall(r"^:::.*Predict first \d", text, re.MULTILINE)
    return words(text) / 100 + len(lines) / 10 + 2 * len(predictions)


@pytest.mark.parametrize("slug", SLUGS)
def test_the_minutes_for_reading_follow_the_rule_of_the_guide(slug):
    chapter = ROOT / "notebooks" / f"{slug}.md"
    stated = int(re.search(r"about (\d+) minutes, and", chapter.read_text("utf-8"))[1])
    rule = reading_minutes(read(chapter).cells)
    assert abs(stated - rule) < rule / 3, f"by the rule about {rule:.0f}, stated {stated}"


def test_the_rubric_has_a_line_for_the_open_exercise_of_each_chapter():
    lines = dict(re.findall(r"^- \*\*Chapter (\d+)\*\*, \*(.+?)\*: ", GUIDE, re.MULTILINE))
    titles = {}
    for slug in SLUGS:
        text = (ROOT / "notebooks" / f"{slug}.md").read_text("utf-8")
        opened = re.findall(r"^:::.* Exercise \d+ · (.+) \(open\)$", text, re.MULTILINE)
        titles[str(int(slug[:2]))] = opened[-1]
    assert lines == titles


def test_the_rubric_gives_as_many_points_as_an_open_exercise_has():
    assert "Yes four times makes 3 points" in " ".join(GUIDE.split())
    for slug in SLUGS:
        for cell in read(ROOT / "notebooks" / f"{slug}.md").cells:
            grading = cell.metadata.get("nbgrader", {})
            if cell.cell_type == "markdown" and grading:
                assert grading["points"] == 3, f"{slug}: {grading['grade_id']}"


def test_the_table_has_no_chapter_that_is_gone():
    assert sorted(NEEDS) == SLUGS


def test_the_memory_the_guide_plans_for_a_learner_is_enough():
    table = measure.rows(ROOT / "book" / "_data" / "desk.csv")
    desk = next(int(row["measured"]) for row in table if "in MB" in row["what"])
    largest = max(int(row["MB"]) for row in NEEDS.values())
    assert "limit each learner to 3 GB, and plan 1.5 GB" in RUNNING.replace("\n", " ")
    assert "limits.memory 3G" in RUNNING
    assert largest + desk <= 1500
    assert 2 * largest + desk <= 3000


@pytest.mark.parametrize("plan", list(PLAN.finditer(GUIDE)), ids=lambda found: found["slug"])
def test_a_line_of_a_plan_fits_its_chapter(plan):
    chapter = ROOT / "notebooks" / f"{plan['slug']}.md"
    text = chapter.read_text("utf-8")
    assert int(plan["number"]) == int(plan["slug"][:2])
    for number in numbers(plan["predict"]):
        assert f"Predict first {number}\n" in text
    minutes = measure.exercise_minutes(chapter)
    chosen = [minutes[number - 1] for number in numbers(plan["exercises"])]
    assert sum(chosen) == int(plan["minutes"])


def test_the_plans_are_whole():
    slugs = [plan["slug"] for plan in PLAN.finditer(GUIDE)]
    assert len(slugs) == 5 + len(SLUGS)  # a week of five days, and a term of all chapters
    assert sorted(slugs[5:]) == SLUGS


def test_the_guide_says_what_each_chapter_rests_on():
    sentence = re.search(r"Chapters 2, .*? The others stand alone\.", GUIDE, re.DOTALL)[0]
    told = {
        int(chapter): set(re.findall(r"\d+", needed))
        for which, needed in re.findall(
            r"hapters? ([\d, and]+?) (?:rest )?on ([^,.]+)", sentence
        )
        for chapter in re.findall(r"\d+", which)
    }
    for slug in SLUGS:
        text = (ROOT / "notebooks" / f"{slug}.md").read_text("utf-8")
        needs = re.search(r"^\*\*Needs:\*\*.*?\n\n", text, re.DOTALL | re.MULTILINE)[0]
        linked = set(re.findall(r"\[chapter (\d+)\]", needs))
        assert linked == told.get(int(slug[:2]), set()), slug


def lectures(guide: str) -> dict[str, str]:
    """Return the parts of the guide that plan 90 minutes, by chapter."""
    parts = re.split(r"^##+ ", guide, flags=re.MULTILINE)
    plans = [p for p in parts if p.startswith("One lecture: 90") or "minute by minute:" in p]
    planned = {int(re.search(r"chapter (\d+)", plan)[1]): plan for plan in plans}
    return {slug: planned[int(slug[:2])] for slug in SLUGS if int(slug[:2]) in planned}


def test_the_lectures_are_those_of_the_week():
    assert list(lectures(GUIDE)) == [plan["slug"] for plan in PLAN.finditer(GUIDE)][:5]


@pytest.mark.parametrize("slug", lectures(GUIDE))
def test_a_lecture_takes_90_minutes_and_names_what_its_chapter_has(slug):
    lecture = lectures(GUIDE)[slug]
    text = (ROOT / "notebooks" / f"{slug}.md").read_text("utf-8")
    rows = re.findall(r"^- \*\*(\d+) minutes\.\*\*", lecture, re.MULTILINE)
    assert sum(map(int, rows)) == 90
    named = re.findall(r"(?<!\*)\*([A-Z0-9][^*]+)\*(?!\*)", lecture)
    assert len(named) >= 5
    for section in named:
        assert f"\n## {section}\n" in text, section
    predicted = re.findall(r"Predict first (\d)", lecture)
    week = next(plan for plan in PLAN.finditer(GUIDE) if plan["slug"] == slug)
    assert sorted(map(int, predicted)) == numbers(week["predict"])


def test_the_guide_names_only_verbs_that_make_has():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for verb in re.findall(r"`?make (\w+)", GUIDE + RUNNING):
        assert re.search(rf"^{verb}:", makefile, re.MULTILINE), verb
        assert f'"make {verb} ' in makefile, f"make help is silent about {verb}"


def test_binder_takes_what_make_install_takes():
    folder = ROOT / ".binder"
    lines = (folder / "requirements.txt").read_text("utf-8").splitlines()
    assert lines == ["-r ../requirements.txt", "-c ../constraints.txt"]
    assert (folder / "runtime.txt").read_text("utf-8") == "python-3.11\n"
    assert (folder / "postBuild").stat().st_mode & 0o111, "postBuild cannot be executed"
    assert (folder / "postBuild").read_text("utf-8").startswith("#!/bin/bash\n")
