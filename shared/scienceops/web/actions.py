"""Actions on a service: approve, reject, retry, roll back, divide traffic, change the policy."""

from flask import Blueprint, Response, request

from scienceops.app import App
from scienceops.core.access import Caller
from scienceops.core.policy import Policy
from scienceops.web.acting import WhoMay, act, comment
from scienceops.web.asked import number_in_form


def add_actions(routes: Blueprint, app: App, who_may: WhoMay) -> None:
    """The routes that the buttons post to; each needs an operator."""
    decisions = app.decisions

    @routes.post("/services/<name>/versions/<int:number>/approve")
    def approve(name: str, number: int) -> Response:
        def action(person: Caller) -> str:
            seen = number_in_form("seen_live")
            decisions.approve(name, number, person.name, comment(), seen)
            return f"Version {number} is being started; it is live as soon as it is ready."

        return act(action, who_may, "service", name=name)

    @routes.post("/services/<name>/versions/<int:number>/reject")
    def reject(name: str, number: int) -> Response:
        def action(person: Caller) -> str:
            decisions.reject(name, number, person.name, comment())
            return f"Version {number} is rejected."

        return act(action, who_may, "service", name=name)

    @routes.post("/services/<name>/versions/<int:number>/retry")
    def retry(name: str, number: int) -> Response:
        def action(person: Caller) -> str:
            app.retry(name, number, person.name)
            return f"Version {number} goes through its steps again."

        return act(action, who_may, "service", name=name)

    @routes.post("/services/<name>/rollback")
    def rollback(name: str) -> Response:
        def action(person: Caller) -> str:
            promotion = decisions.roll_back(name, person.name, comment(), number_in_form("to"))
            return f"Going back to version {promotion.version}."

        return act(action, who_may, "service", name=name)

    @routes.post("/services/<name>/traffic")
    def traffic(name: str) -> Response:
        def action(person: Caller) -> str:
            weights = {
                int(field.removeprefix("weight-")): number_in_form(field) or 0
                for field, text in request.form.items()
                if field.startswith("weight-") and text.strip() not in ("", "0")
            }
            shadow, seen = number_in_form("shadow"), request.form.get("seen")
            decisions.share_traffic(name, weights, shadow, person.name, seen)
            if not weights:
                return "All calls go to the live version."
            return "The traffic is divided so."

        return act(action, who_may, "service", name=name)

    @routes.post("/services/<name>/policy")
    def change_policy(name: str) -> Response:
        def action(person: Caller) -> str:
            # What was not touched here must not undo what somebody else changed meanwhile.
            values = {
                key: request.form[key].strip()
                for key in Policy.model_fields
                if key in request.form and request.form[key] != request.form.get(f"was-{key}")
            }
            if not values:
                return "Nothing was changed."
            decisions.change_policy(name, values, person.name)
            return f"Changed: {', '.join(values)}."

        return act(action, who_may, "policy", name=name)
