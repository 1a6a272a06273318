"""Rollouts: a release brought to a fleet canary first, step by step, and stopped or undone where it does harm."""
