"""Each page begins with the environment variables that the build began with."""

from tests.docs.gallery import Gallery

SET = "import os\nos.environ['SET_BY_A_PAGE'] = 'yes'\ndel os.environ['SET_FOR_THE_BUILD']"
SHOW = "import os\nprint(os.environ.get('SET_BY_A_PAGE'), os.environ.get('SET_FOR_THE_BUILD'))"


def test_what_a_page_sets_is_not_there_for_the_next(gallery: Gallery) -> None:
    """Nor is what it removed gone."""
    gallery.environment["SET_FOR_THE_BUILD"] = "yes"
    gallery.page(SET, name="plot_1")
    gallery.page(SHOW, name="plot_2")
    built = gallery.build()
    assert built.status == 0, built.log
    assert built.runs("plot_2") == [("parent", "None yes")]
