"""`--what-if local:…`: what `recommend` would choose of it for a machine, under the load of the logs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from r1plan.errors import NothingFits

if TYPE_CHECKING:
    from r1plan.hardware.machine import Machine
    from r1plan.plan.month.demand import Demand
    from r1plan.report.whatif.option import LocalOption, LocalQuestion


def local_question(timezone: str) -> LocalQuestion:
    """How options of this machine are planned, for requests on the clock of `timezone`, an IANA name."""
    from r1plan.catalog.priors import load_priors
    from r1plan.plan.month.assumed import demand_of
    from r1plan.plan.workload import Workload
    from r1plan.report.whatif.option import LocalQuestion

    return LocalQuestion(assumed=demand_of(Workload(), load_priors(), timezone), option_of=option_here)


def option_here(typed: str, demand: Demand, machine: Machine | None = None) -> LocalOption | None:
    """The option that `recommend` chooses of `typed`, for `demand`; None where nothing of it fits.

    `typed` is a model, with its quant and its machine or without, or a file with a plan (asked_option); `machine` is
    meant where it names none, by default this one. Raises NotFound and UsageError for what is no model, quant or
    machine.
    """
    from r1plan.catalog.load import load_hardware
    from r1plan.catalog.quality import load_quant_tables
    from r1plan.catalog.rentals import load_rentals
    from r1plan.cli.engines import engine_for, planned, with_measured
    from r1plan.cli.options.machine import this_machine
    from r1plan.cli.spend.asked_option import asked_option
    from r1plan.models.reference import named_model
    from r1plan.plan.cost.checks import SaidPrices, own_terms
    from r1plan.plan.cost.option_draw import with_sheet_power
    from r1plan.plan.model_set import ModelSet
    from r1plan.plan.month.thinking import NO_LOG
    from r1plan.plan.outlook.option_outlook import limits_of, option_outlook
    from r1plan.plan.workload import Workload
    from r1plan.report.month.logged import with_demand
    from r1plan.report.whatif.option import LocalOption

    asked = asked_option(typed)
    named = named_model(asked.typed, asked.quant, asked.engine)
    workload = with_demand(Workload(), demand)
    machine = with_sheet_power(asked.machine or machine or this_machine(), load_hardware().gpus)
    engine, _ = with_measured(engine_for(asked.engine, (), asked.typed), machine)
    models = ModelSet(named.models, load_quant_tables(), named.from_file, NO_LOG)
    pins = engine.planner.checked(replace(asked.pins, model=named.model, quant=named.quant))
    try:
        plan = planned(engine, machine, models, workload, pins)
    except NothingFits:
        return None
    choice = plan.choice
    if choice is None or not choice.fits:
        return None
    terms = own_terms(SaidPrices(), load_rentals())
    ratio = NO_LOG.ratio(choice.model.id).over_r1
    throughput = engine.planner.throughput(plan, choice, models)
    found = option_outlook(choice, plan.machine, throughput, demand, limits_of(workload), terms, ratio)
    return LocalOption(
        model=choice.model.id,
        quant=choice.quant_name,
        engine=plan.engine,
        machine=asked.where,
        context=choice.context,
        tok_s=choice.tok_s,
        cards=len(found.machine_cards),
        capacity=found.capacity,
        draw=found.draw,
        terms=terms,
    )
