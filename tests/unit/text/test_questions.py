from lightrag_integrations.text.keys import normalise_name
from lightrag_integrations.text.names import question_keys
from lightrag_integrations.text.questions import MAX_KEYS


def test_every_run_of_words_is_a_key() -> None:
    keys = question_keys("who sang hello love before J. R. R. Tolkien's death?")
    assert {"hello love", "hello", "j. r. r. tolkien", "who sang hello love"} <= set(keys)


def test_longest_first_and_each_once() -> None:
    keys = question_keys("Paris Paris, the Paris of Paris")
    assert len(keys) == len(set(keys))
    assert [len(key) for key in keys] == sorted(map(len, keys), reverse=True)


def test_function_words_are_no_keys_alone() -> None:
    keys = question_keys("who is it in the US")
    assert not {"who", "is", "it", "in", "the"} & set(keys)
    assert "us" in keys


def test_marks_and_hyphens_do_not_matter() -> None:
    assert normalise_name("Coca-Cola") in question_keys("who owns coca cola now")
    assert normalise_name("C++") in question_keys("who made C++?")
    assert normalise_name("Hello Love") in question_keys("who sang “Hello, Love”? I mean Hello Love")


def test_unspaced_questions_give_character_runs() -> None:
    keys = question_keys("谁执导了《霸王别姬》并获得金棕榈奖？")
    assert {"霸王别姬", "金棕榈奖"} <= set(keys)
    assert "约翰·史密斯" in question_keys("约翰·史密斯是谁")


def test_the_number_is_bounded() -> None:
    assert len(question_keys(" ".join(f"word{n}" for n in range(5000)))) <= MAX_KEYS
    assert len(question_keys("".join(map(chr, range(0x4E00, 0x5E00))), limit=100)) == 100
    assert question_keys("") == question_keys("?!") == []
