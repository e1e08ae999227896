"""Small word lists, as data: they decide where names begin and sentences end, never what is searched."""

from __future__ import annotations

__all__ = ["ABBREVIATIONS", "CALENDAR", "CONNECTORS", "ENGLISH_FUNCTION_WORDS", "FUNCTION_WORDS", "MAYBE_ABBREVIATIONS"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENGLISH = """
a about above according across after afterwards again against all almost alone along already also although always am
among amongst an and another any anyone anything are around as at away back be became because become been before
behind being below beneath beside besides between beyond both but by came can cannot certain could currently despite
did do does done down due during each early either else elsewhere enough especially etc even eventually ever every
everyone everything except few finally first following for former formerly from further furthermore generally get
given go had half has have having he hence her here hers herself him himself his how however i if in indeed initially
inside instead into is it its itself just last late later latter least less let like likewise made many may maybe me
meanwhile might mine more moreover most mostly much must my myself near nearly neither never nevertheless next no
nobody none nor not nothing notably now nowadays of off often on once one only onto or originally other others
otherwise our ours out outside over own per perhaps please previously prior rather recently regarding same second
several she should since so some someone something sometimes soon still subsequently such than that the their theirs
them themselves then there thereafter therefore these they third this those though three through throughout thus till
to today together too toward towards two under unlike until up upon us usually various very via was we well were what
whatever when whenever where whereas wherever whether which while who whoever whole whom whose why will with within
without would yes yet you your yours
"""
_OTHERS = """
der die das den dem des ein eine einen einem einer eines und oder aber auch als am an auf aus bei bis da dann dass
doch durch er es für gegen hat hatte ich ihr im ins ist kein mit nach nicht noch nur ob ohne seit sein sich sie sind so
über um unter vom von vor war waren was wenn wer wie wir wird wurde wurden zu zum zur zwischen
le les un une des du et ou mais dans avec pour par sur sous sans ce cet cette ces il elle ils elles nous vous son sa ses
leur leurs est sont était été dont où que qui quand comme après avant depuis pendant
el los las una unos unas y o pero con para por sobre entre desde hasta su sus este esta estos estas ese esa es son era
fue fueron donde cuando como según tras durante
il lo gli uno ed ma di da nel nella nei con su per tra fra questo questa suo sua è sono era erano stato dove quando dopo
o os as um uma e mas em no na nos nas com por seu sua seus suas este esta foi eram onde quando após
de het een en maar ook als bij naar niet op te uit van voor was waren wordt werd zijn haar hun deze dit dat die
и в во не на я что он с со как а то все она так его но да ты к у же вы за бы по только ее мне было вот от меня еще нет о
из ему теперь когда даже ну если уже или ни быть был до вас опять вам для мы их при этот эта это эти после также
"""
ENGLISH_FUNCTION_WORDS = _words(_ENGLISH)
FUNCTION_WORDS = ENGLISH_FUNCTION_WORDS | _words(_OTHERS)
"""Words that are no name by themselves, in several European languages."""

CONNECTORS = _words(
    "of the de del della di da dos das du des la le el al bin ibn ben von van der den ten ter zu zum zur y"
)
"""Lower-case words that may stand inside a name."""

CALENDAR = _words(
    """january february march april may june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday jan feb mar apr jun jul aug sep sept oct nov dec
    januar februar märz mai juni juli oktober dezember montag dienstag mittwoch donnerstag freitag samstag sonntag
    janvier février mars avril juin juillet août septembre octobre novembre décembre lundi mardi mercredi jeudi vendredi
    samedi dimanche enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
    ad bc bce ce am pm inc ltd llc"""
)
"""Months, days, eras and forms of companies: names made of nothing else are dropped."""

ABBREVIATIONS = _words(
    """mr mrs ms mx dr prof rev hon st sts mt ft gen col maj capt cmdr lt sgt cpl pvt adm brig gov sen rep pres supt
    messrs mme mlle no nos vol vols pp fig figs eq sec ch art nr op cit cf vs viz al approx ca c circa est b d r trans
    ed eds ave blvd rd dept univ assn bros ok hr dipl ing bzw usw evtl jh ggf sog str tel
    jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun e.g i.e z.b d.h u.a
    p.ej"""
)
"""A full stop after these ends no sentence."""

MAYBE_ABBREVIATIONS = _words("inc ltd co corp llc jr sr etc bros esq ph.d m.d b.a m.a b.sc m.sc a.m p.m")
"""A full stop after these ends a sentence only when a function word follows, written with a capital."""
