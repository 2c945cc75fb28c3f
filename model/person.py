"""The person: one record of a packed NumPy structured type (83 bytes), and the identifier.

Times are quarters counted from the first quarter of 2017 (0); earlier quarters are negative. Amounts are euro cents
of 2019. `wage` and pensions are relative to the Member State's average wage.
"""

import numpy as np

PERSON = np.dtype(
    [
        ("uid", "u8"),  # see pack_uid
        ("earnings", "i4"),  # gross earnings of the calendar year so far, cents
        ("unemployment_benefit", "i4"),  # of the calendar year so far, cents
        ("social_assistance", "i4"),  # of the calendar year so far, cents
        ("wage", "f4"),  # full-time gross wage, average wage of the Member State = 1; of the last job if none
        ("earned", "f4"),  # sum of annual earnings in the host country, average wages
        ("pension", "f4"),  # annual pension at award, average wages of the year of award
        ("employability", "i2"),  # permanent trait, standard normal x 4096
        ("earning_power", "i2"),  # permanent trait, standard normal x 4096
        ("match", "i2"),  # residual of the current job, standard normal x 4096
        ("weight", "u2"),  # persons this agent stands for
        ("search_skilled", "u2"),  # effective search for skilled jobs this quarter, hazard x 32768
        ("search_other", "u2"),  # effective search for other jobs this quarter, hazard x 32768
        ("birth_q", "i2"),
        ("arrival_q", "i2"),  # natives: quarter of birth
        ("completion_q", "i2"),  # end of initial education
        ("labour_q", "i2"),  # start of the current labour state
        ("course_q", "i2"),  # joined the queue, or end of the language course; departure once emigrated or dead
        ("recognition_q", "i2"),  # joined the queue of the authority or of bridging
        ("youngest_q", "i2"),  # birth of the youngest child; NO_CHILD without
        ("programme_q", "i2"),  # end of the last programme joined
        ("experience_q", "i2"),  # quarters of employment in the host country
        ("contribution_q", "i2"),  # quarters of pension contributions in the host country
        ("member_state", "i1"),
        ("group", "i1"),  # native, EU-born, or non-EU-born by reason (codes.GROUPS)
        ("sex", "i1"),
        ("education", "i1"),  # final ISCED level
        ("presence", "i1"),
        ("partner", "i1"),  # 0 none, 1 not working, 2 low earner, 3 high earner
        ("children", "i1"),  # ever born, at most 9
        ("language", "i1"),
        ("course", "i1"),
        ("recognition", "i1"),
        ("qualification", "i1"),  # 0 none or from the host country, 1 abroad, 2 abroad and regulated
        ("labour", "i1"),
        ("hours", "i1"),  # percent of full time
        ("naturalised", "i1"),
        ("course_quarters", "i1"),  # attended in this calendar year
        ("recognition_cost", "i1"),  # decisions (1) and bridging quarters (10) paid in this calendar year
        ("programme", "i1"),  # the last programme joined, from 1 (codes.PROGRAMMES); 0 none
        ("waited", "i1"),  # quarters without work for want of permission to work
        ("covered_q", "i1"),  # quarters of insurance benefit left
    ]
)
TRAIT = 4096.0
SEARCH = 32768.0
NO_CHILD = -32000

# Bits of the identifier, from the top: Member State 5, group 4, arrival quarter 12 (offset 2048), number 43.
ARRIVAL_OFFSET = 2048


def pack_uid(member_state, group, arrival_q, number):
    """Identifier of the number-th person of a (Member State, group, arrival quarter) cell, as uint64.

    Natives arrive when they are born. More arrivals append numbers, fewer drop the
    highest, so nobody else is renumbered.
    """
    head = (int(member_state) << 16) | (int(group) << 12) | (int(arrival_q) + ARRIVAL_OFFSET)
    return (np.uint64(head) << np.uint64(43)) | np.asarray(number, dtype=np.uint64)
