"""Institutions of a Member State, as Mesa agents: what they decide between the two passes of a quarter.

The language-course provider and the recognition authority admit from queues into limited places; the labour market sets
the tightness factor of each segment; the treasury adds up what persons pay and receive.
"""

import mesa
import numpy as np

from model import queue
from model.codes import COMPONENTS, SIGN


class Places:
    """Limited places per quarter. The plan starts at what serves `waiting` persons in the usual wait (quarters) and follows
    entrants and the backlog beyond that wait at the speed `adjustment`; what is left under a waiting queue is carried over."""

    def __init__(self, waiting, wait, adjustment):
        self.per_quarter = float(waiting) / float(wait)
        self.wait = float(wait)
        self.left = int(waiting)
        self.adjustment = float(adjustment)
        self.carried = 0.0
        self.idle = 0.0  # places of this quarter that a policy adds and nobody takes

    def admit(self, people, queued, kind, t, seed, par, extra):
        """Admit from the queue; `extra` is a policy's addition as a share of the plan. Returns (places, waiting, admitted)."""
        places = self.per_quarter * (1.0 + extra) + self.carried
        waiting, admitted, over = queue.admit(people, queued, kind, t, seed, par, places)
        entrants = max(0, waiting - self.left)
        self.left = waiting - admitted
        # What nobody takes is counted as added places first: without the policy they would not be there. A part of a place
        # that is carried over while somebody waits is not empty.
        self.idle = min(self.per_quarter * extra, places - admitted) if self.left == 0 else 0.0
        self.carried = over if self.left > 0 else 0.0
        backlog = max(0.0, self.left - self.wait * self.per_quarter)
        self.per_quarter += self.adjustment * (entrants + backlog - self.per_quarter)
        return places, waiting, admitted


class Institution(mesa.Agent):
    """Base of the institutions: one per Member State."""

    def __init__(self, model, member_state):
        super().__init__(model)
        self.member_state = member_state


class LanguageCourseProvider(Institution):
    """Grants places in basic and in job-related courses."""

    def __init__(self, model, member_state, waiting, waits, adjustment):
        super().__init__(model, member_state)
        self.basic = Places(waiting[queue.BASIC], waits[queue.BASIC], adjustment)
        self.advanced = Places(waiting[queue.ADVANCED], waits[queue.ADVANCED], adjustment)

    def admit(self, people, queued, t, seed, par, extra):
        """Admissions of the quarter: (places, waiting, admitted) for basic and for job-related courses."""
        basic = self.basic.admit(people, queued, queue.BASIC, t, seed, par, extra["language_places"])
        return basic, self.advanced.admit(people, queued, queue.ADVANCED, t, seed, par, extra["advanced_places"])


class RecognitionAuthority(Institution):
    """Decides on complete files and grants bridging places."""

    def __init__(self, model, member_state, waiting, waits, adjustment):
        super().__init__(model, member_state)
        self.decisions = Places(waiting[queue.DECISIONS], waits[queue.DECISIONS], adjustment)
        self.bridging = Places(waiting[queue.BRIDGING_PLACES], waits[queue.BRIDGING_PLACES], adjustment)

    def admit(self, people, queued, t, seed, par, extra):
        """Decisions and bridging places of the quarter, each (places, waiting, admitted). Bridging comes first: who is sent
        there by a decision of this quarter waits at least until the next."""
        bridging = self.bridging.admit(people, queued, queue.BRIDGING_PLACES, t, seed, par, extra["bridging_places"])
        return self.decisions.admit(people, queued, queue.DECISIONS, t, seed, par, extra["decisions"]), bridging


class LabourMarket(Institution):
    """Openings and tightness of the two segments.

    Openings are a flow: replacement of leavers, creation that follows effective search at the speed
    `creation_speed`, and what earlier quarters left unfilled or overfilled. Matches are S^a V^(1-a); efficiency is
    normalised so that the tightness factor is one when openings equal effective search, which holds in the first quarter.
    """

    def __init__(self, model, member_state, elasticity, creation_speed):
        super().__init__(model, member_state)
        self.elasticity = elasticity
        self.creation_speed = creation_speed
        self.creation = None
        self.vacated = np.zeros(2)
        self.balance = np.zeros(2)

    def open(self, search, leavers, macro):
        """Tightness factor by segment from effective search (expected hires at normal tightness) and leavers, persons.

        Macro conditions multiply the hires that creation aims at, so they last as long as they are given."""
        search = np.asarray(search, dtype=float)
        leavers = np.asarray(leavers, dtype=float) + self.vacated
        wanted = macro * search - leavers
        if self.creation is None:
            self.creation = wanted.copy()
        else:
            self.creation += self.creation_speed * (wanted - self.creation)
        self.openings = np.maximum(leavers + self.creation + self.balance, 0.05 * search)
        ratio = np.divide(self.openings, macro * search, out=np.ones(2), where=search > 0)
        self.tightness = macro * ratio ** (1.0 - self.elasticity)
        self.search = search
        return self.tightness

    def close(self, hires, taken, vacated):
        """Take realised hires, and jobs taken by persons added at parity, off the openings; the difference is carried, jobs
        left by upgrading open next quarter. Returns the hires."""
        hires = np.asarray(hires, dtype=float)
        self.balance = np.clip(self.openings - hires - taken, -self.openings, self.openings)
        self.vacated = np.asarray(vacated, dtype=float)
        return hires


class Treasury(Institution):
    """Receipts and outlays of a Member State, cents, by year and component."""

    def __init__(self, model, member_state, years):
        super().__init__(model, member_state)
        self.cents = np.zeros((years, len(COMPONENTS)), dtype=np.int64)

    def receive(self, year, components):
        """Book the components of one year (int64 cents, persons added up)."""
        self.cents[year] += components

    def balance(self, year):
        """Taxes and contributions minus benefits and services of a year, cents."""
        return int((self.cents[year] * np.array(SIGN)).sum())
