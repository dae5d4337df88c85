"""A Kalman filter as a class whose attributes are the state."""

from typing import Any

import numpy as np

from benchmarks.workload import Workload

Array = np.ndarray[Any, Any]


class KalmanFilter:
    """x' = F x + noise of covariance Q, seen as z = H x + noise of covariance R."""

    def __init__(self, F: Array, H: Array, Q: Array, R: Array) -> None:
        self.F, self.H, self.Q, self.R = F, H, Q, R
        self.x = np.zeros(len(F))
        self.P = np.eye(len(F))
        self.loss = 0.0

    def predict(self) -> None:
        """The state a step later."""
        self.x = self.F @ self.x
        self.P = self.F @ self.P @ self.F.T + self.Q

    def update(self, z: Array) -> None:
        """The state after seeing z; its negative log-likelihood is added to the loss."""
        residual = z - self.H @ self.x
        S = self.H @ self.P @ self.H.T + self.R
        S_inv = np.linalg.inv(S)
        gain = self.P @ self.H.T @ S_inv
        self.x = self.x + gain @ residual
        self.P = self.P - gain @ self.H @ self.P
        self.loss += 0.5 * (residual @ S_inv @ residual + np.log(np.linalg.det(S)))


def kalman(F: Array, H: Array, Q: Array, R: Array, zs: Array) -> Any:
    """The negative log-likelihood of zs (time, m), but for a constant; F and Q (n, n), H (m, n), R (m, m)."""
    kalman_filter = KalmanFilter(F, H, Q, R)
    for z in zs:
        kalman_filter.predict()
        kalman_filter.update(z)
    return kalman_filter.loss


def kalman_gradient(F: Array, H: Array, Q: Array, R: Array, zs: Array) -> tuple[Array, ...]:
    """d kalman / d (F, H, Q, R)."""
    x = np.zeros(len(F))
    P = np.eye(len(F))
    tape = []
    for z in zs:
        x_before, P_before = x, P
        x = F @ x
        FP = F @ P
        P = FP @ F.T
        P += Q
        residual = z - H @ x
        PH = P @ H.T
        S = H @ PH
        S += R
        S_inv = np.linalg.inv(S)
        gain = PH @ S_inv
        gain_H = gain @ H
        tape.append((x_before, P_before, FP, x, P, residual, PH, S_inv, gain, gain_H))
        x = x + gain @ residual
        P = P - gain_H @ P

    F_bar = np.zeros_like(F)
    H_bar = np.zeros_like(H)
    Q_bar = np.zeros_like(Q)
    R_bar = np.zeros_like(R)
    x_bar = np.zeros_like(x)
    P_bar = np.zeros_like(P)
    while tape:
        x_before, P_before, FP, x, P, residual, PH, S_inv, gain, gain_H = tape.pop()
        # self.loss += 0.5 * (residual @ S_inv @ residual + np.log(np.linalg.det(S)))
        S_bar = 0.5 * S_inv.T
        solved = S_inv @ residual
        residual_bar = 0.5 * (solved + residual @ S_inv)
        S_inv_bar = np.multiply.outer(0.5 * residual, residual)
        # self.P = self.P - gain @ self.H @ self.P
        t = P_bar @ P.T
        gain_bar = np.multiply.outer(x_bar, residual)
        gain_bar -= t @ H.T
        H_bar -= gain.T @ t
        P_bar = P_bar - gain_H.T @ P_bar
        # self.x = self.x + gain @ residual
        residual_bar += x_bar @ gain
        # gain = self.P @ self.H.T @ S_inv
        S_inv_bar += PH.T @ gain_bar
        PH_bar = gain_bar @ S_inv.T
        # S_inv = np.linalg.inv(S)
        S_bar -= S_inv.T @ S_inv_bar @ S_inv.T
        # S = self.H @ self.P @ self.H.T + self.R
        R_bar += S_bar
        H_bar += S_bar @ PH.T
        PH_bar += H.T @ S_bar
        P_bar += PH_bar @ H
        H_bar += PH_bar.T @ P
        # residual = z - self.H @ self.x
        H_bar -= np.multiply.outer(residual_bar, x)
        x_bar = x_bar - residual_bar @ H
        # self.P = self.F @ self.P @ self.F.T + self.Q
        Q_bar += P_bar
        F_bar += P_bar.T @ FP
        t = P_bar @ F
        F_bar += t @ P_before.T
        P_bar = F.T @ t
        # self.x = self.F @ self.x
        F_bar += np.multiply.outer(x_bar, x_before)
        x_bar = x_bar @ F
    return F_bar, H_bar, Q_bar, R_bar


def _args() -> tuple[Array, ...]:
    rng = np.random.default_rng(13)
    n, m, steps = 8, 4, 100
    F = np.linalg.qr(rng.normal(size=(n, n)))[0] * 0.95
    H = rng.normal(size=(m, n))
    q, r = rng.normal(size=(n, n)), rng.normal(size=(m, m))
    return F, H, 0.1 * (q @ q.T + np.eye(n)), r @ r.T + np.eye(m), rng.normal(size=(steps, m))


WORKLOADS = (Workload("kalman", "loop", kalman, kalman_gradient, _args, (0, 1, 2, 3)),)
