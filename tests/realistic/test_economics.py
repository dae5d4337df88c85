"""Markets, contracts, games, queues, growth."""

from __future__ import annotations

import heapq
import itertools
import math
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pytest

from tests.realistic.programs import program, programs

rng = np.random.default_rng(21)


# -- term structures and options ------------------------------------------------------------------------------------


class YieldCurve:
    """A curve of discount factors bootstrapped from par swap rates, log-linear in between."""

    def __init__(self, pillars=None):
        self.times = [0.0]
        self.log_dfs = [0.0]
        if pillars is not None:
            for t, df in pillars:
                self.add(t, df)

    def add(self, t, df):
        self.times.append(t)
        self.log_dfs.append(np.log(df))

    def discount(self, t):
        return np.exp(np.interp(t, np.array(self.times), np.array(self.log_dfs)))

    def __call__(self, t):
        return self.discount(t)

    @classmethod
    def bootstrap(cls, maturities, rates):
        curve = cls()
        annuity = 0.0
        for T, r in zip(maturities, rates):
            df = (1 - r * annuity) / (1 + r)
            annuity += df
            curve.add(float(T), df)
        return curve


@program(np.array([0.021, 0.024, 0.026, 0.029, 0.031]))
def bootstrapped_swap_curve(rates):
    """Present value of an off-market swap and a zero-coupon bond."""
    curve = YieldCurve.bootstrap(range(1, 6), rates)
    fixed = sum(0.03 * curve(float(t)) for t in range(1, 6))
    floating = 1 - curve(5.0)
    bond = 100 * curve(2.5)
    return 1e4 * (floating - fixed) + bond


def longstaff_schwartz(S, K, r, dt, degree=2):
    n_paths, n_steps = S.shape
    cash = np.maximum(K - S[:, -1], 0)
    for t in range(n_steps - 2, 0, -1):
        cash = cash * np.exp(-r * dt)
        itm = S[:, t] < K
        if not itm.any():
            continue
        X = np.vander(S[itm, t], degree + 1)
        beta, *_ = np.linalg.lstsq(X, cash[itm], rcond=None)
        continuation = X @ beta
        exercise = K - S[itm, t]
        cash[itm] = np.where(exercise > continuation, exercise, cash[itm])
    return np.mean(cash) * np.exp(-r * dt)


@program(1.0, 0.3, 0.05)
def american_option_by_regression(spot, sigma, rate):
    """The least squares Monte Carlo method of Longstaff and Schwartz."""
    gen = np.random.default_rng(123)
    n, steps, dt = 40, 5, 0.2
    z = gen.standard_normal(size=(n, steps))
    increments = (rate - 0.5 * sigma**2) * dt + sigma * np.sqrt(dt) * z
    paths = spot * np.exp(np.cumsum(increments, axis=1))
    S = np.hstack([np.full((n, 1), spot), paths])
    return longstaff_schwartz(S, 1.05, rate, dt)


def implied_vol(price, S, K, T, r, tol=1e-10, max_iter=50):
    """Newton with bisection as the safeguard."""
    lo, hi = 1e-4, 3.0
    sigma = 0.2
    for i in range(max_iter):
        d1 = (math.log(S / K) + (r + sigma * sigma / 2) * T) / (sigma * math.sqrt(T))
        d2 = d1 - sigma * math.sqrt(T)
        N = lambda x: 0.5 * math.erfc(-x / math.sqrt(2))
        model = S * N(d1) - K * math.exp(-r * T) * N(d2)
        diff = model - price
        if abs(diff) < tol:
            return sigma
        if diff > 0:
            hi = sigma
        else:
            lo = sigma
        vega = S * math.sqrt(T) * math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
        step = sigma - diff / vega
        sigma = step if lo < step < hi else (lo + hi) / 2
    raise RuntimeError("no convergence")


@program([12.3, 9.8, 7.7], 100.0)
def volatility_skew(prices, spot):
    """The slope of implied volatility against log-moneyness by np.polyfit."""
    strikes = [95, 100, 105]
    vols = []
    for price, K in zip(prices, strikes):
        try:
            vols.append(implied_vol(price, spot, K, T=1.0, r=0.02))
        except RuntimeError:
            vols.append(float("nan"))
    x = np.log(np.array(strikes) / spot)
    slope, level = np.polyfit(x, vols, 1)
    return level + 0.1 * slope


# -- portfolios ----------------------------------------------------------------------------------------------------


@dataclass
class Account:
    cash: float = 100.0
    shares: dict = field(default_factory=dict)
    history: list = field(default_factory=list)
    fee: float = 0.001

    def buy(self, name, amount, price):
        cost = amount * price * (1 + self.fee)
        if cost > self.cash:
            raise ValueError(f"not enough cash to buy {amount} of {name}")
        self.cash -= cost
        self.shares[name] = self.shares.get(name, 0) + amount
        self.history.append((name, amount, price))

    def sell(self, name, amount, price):
        held = self.shares[name]
        amount = min(amount, held)
        self.shares[name] = held - amount
        self.cash += amount * price * (1 - self.fee)
        if self.shares[name] == 0:
            del self.shares[name]
        self.history.append((name, -amount, price))

    def value(self, prices):
        return self.cash + sum(n * prices[name] for name, n in self.shares.items())


@program(np.array([10.0, 10.4, 10.1, 9.6, 9.9, 10.8]), 3.0, by_values=True)
def momentum_trader(prices, size):
    """A trading rule with an account object, orders refused by exception."""
    account = Account(cash=60.0)
    rejected = 0
    for today, tomorrow in itertools.pairwise(range(len(prices))):
        ret = prices[tomorrow] / prices[today] - 1
        try:
            if ret > 0.02:
                account.buy("ABC", size, prices[tomorrow])
            elif ret < -0.02 and "ABC" in account.shares:
                account.sell("ABC", size * 1.5, prices[tomorrow])
        except ValueError as error:
            rejected += 1
            print("rejected:", error)
    turnover = sum(abs(n) * p for _, n, p in account.history)
    return account.value({"ABC": prices[-1]}) - 0.01 * turnover - 0.5 * rejected


@program(np.array([0.08, 0.05, 0.11]), np.array([[0.04, 0.006, 0.01], [0.006, 0.02, 0.002], [0.01, 0.002, 0.09]]), 3.0)
def mean_variance_frontier(mu, cov, risk_aversion):
    """Long-only mean-variance weights by projected gradient on the simplex."""

    def project(v):
        u = np.sort(v)[::-1]
        cssv = np.cumsum(u) - 1
        ind = np.arange(len(v)) + 1
        cond = u - cssv / ind > 0
        rho = ind[cond][-1]
        theta = cssv[cond][-1] / float(rho)
        return np.maximum(v - theta, 0)

    w = np.ones_like(mu) / mu.size
    for _ in range(25):
        w = project(w + 0.5 * (mu - risk_aversion * cov @ w))
    sharpe = (w @ mu - 0.01) / np.sqrt(w @ cov @ w)
    return sharpe + np.max(w)


@program(np.array([0.6, -0.2, 0.3, 0.9, -0.5]), 2.0)
def expected_shortfall(weights, nu):
    """Historical value at risk and expected shortfall of a portfolio's losses."""
    scenarios = np.random.default_rng(5).standard_t(4, size=(60, 5))
    losses = -(scenarios @ weights)
    var = np.percentile(losses, 90)
    tail = losses[losses >= var]
    return tail.mean() + nu * var


# -- games, auctions, queues -----------------------------------------------------------------------------------------


@program(np.array([3.1, 2.4, 4.2, 1.7, 2.9]), 0.5)
def second_price_auctions(bids, reserve):
    """Sequential second-price auctions with a heap of bids."""
    heap = [(-b, i) for i, b in enumerate(bids)]
    heapq.heapify(heap)
    revenue = 0.0
    winners = []
    while len(heap) > 1:
        top, who = heapq.heappop(heap)
        second = -heap[0][0]
        price = max(second, reserve)
        revenue += price
        winners.append(who)
        if who % 2 == 0:  # an even bidder comes back with a lower bid
            heapq.heappush(heap, (top * 0.4, who + 10))
        if len(winners) >= 6:
            break
    return revenue + 0.1 * len(winners)


@program(np.array([[3.0, 0.5], [1.2, 2.0]]), np.array([[1.0, 2.2], [2.5, 0.3]]), 0.8)
def quantal_response_equilibrium(A, B, precision):
    """Logit equilibrium of a two-player game by damped fixed-point iteration."""

    def logit(u):
        z = np.exp(precision * (u - u.max()))
        return z / z.sum()

    p, q = np.full(2, 0.5), np.full(2, 0.5)
    err, it = np.inf, 0
    while err > 1e-12 and it < 500:
        p_new = logit(A @ q)
        q_new = logit(B.T @ p)
        err = max(np.abs(p_new - p).max(), np.abs(q_new - q).max())
        p, q = 0.5 * (p + p_new), 0.5 * (q + q_new)
        it += 1
    return p @ A @ q + 2 * (p @ B @ q)


class Server:
    def __init__(self, rate):
        self.rate = rate
        self.free_at = 0.0
        self.busy = 0.0

    def serve(self, arrival, work):
        start = max(arrival, self.free_at)
        duration = work / self.rate
        self.free_at = start + duration
        self.busy += duration
        return self.free_at - arrival


@program(np.array([1.0, 1.3, 0.8]), 0.7, by_values=True)
def multi_server_queue(rates, load):
    """A queue with several servers: each customer goes to the one that is free first."""
    gen = np.random.default_rng(seed=77)
    servers = [Server(r) for r in rates]
    arrivals = np.cumsum(gen.exponential(1.0, 20)) * load
    work = gen.gamma(2.0, 0.5, size=20)
    waits = []
    for a, w in zip(arrivals, work):
        server = min(servers, key=lambda s: s.free_at)
        waits.append(server.serve(a, w))
    utilisation = sum(s.busy for s in servers) / max(s.free_at for s in servers)
    return np.mean(waits) + utilisation


# -- growth ---------------------------------------------------------------------------------------------------------


@program(0.95, 0.33, 1.5)
def savings_value_function(beta, alpha, gamma):
    """Value function iteration of the growth model on a grid, with the policy read by argmax."""
    grid = np.linspace(0.5, 4.0, 15)
    output = grid**alpha + 0.6 * grid

    def utility(c):
        return np.where(c > 0, (np.maximum(c, 1e-8) ** (1 - gamma) - 1) / (1 - gamma), -1e6)

    c = output[:, None] - grid[None, :]
    u = utility(c)
    V = np.zeros(len(grid))
    for n in range(40):
        Q = u + beta * V
        V_new = Q.max(axis=1)
        if np.allclose(V_new, V, atol=1e-8, rtol=0):
            break
        V = V_new
    policy = grid[Q.argmax(axis=1)]
    return V.mean() + policy.mean()


@program(np.array([[0.2, 0.3, 0.1], [0.1, 0.15, 0.25], [0.3, 0.05, 0.1]]), {"food": 10.0, "steel": 20.0, "energy": 15.0}, by_values=True)
def leontief_economy(technology, demand):
    """Input-output analysis: output, employment and the price of carbon, sector by sector."""
    sectors = list(demand.keys())
    d = np.array([demand[s] for s in sectors])
    L = np.linalg.inv(np.eye(len(sectors)) - technology)
    x = L.dot(d)
    employment = dict(zip(sectors, x * np.array([0.1, 0.05, 0.02])))
    emissions = defaultdict(float)
    for (i, s), (j, t) in itertools.product(enumerate(sectors), enumerate(sectors)):
        if i != j:
            emissions[s] += technology[i, j] * x[j]
    worst = max(emissions, key=emissions.get)
    return sum(employment.values()) + emissions[worst] ** 2 / 100


@lru_cache(maxsize=None)
def binomial(n, k):
    if k == 0 or k == n:
        return 1
    return binomial(n - 1, k - 1) + binomial(n - 1, k)


@program(0.3, 0.05, by_values=True)
def inspection_plan(p, cost):
    """Acceptance sampling with binomial coefficients from a memoised function."""

    def accept(n, c):
        return sum(binomial(n, k) * p**k * (1 - p) ** (n - k) for k in range(c + 1))

    plans = [(n, c) for n in (5, 10, 20) for c in (0, 1, 2)]
    expected = {plan: accept(*plan) - cost * plan[0] for plan in plans}
    best = sorted(expected.items(), key=lambda kv: kv[1], reverse=True)[:3]
    return sum(v / (rank + 1) for rank, (_, v) in enumerate(best))


@pytest.mark.parametrize("program", programs(__name__))
def test_economics(program):
    program.check()
