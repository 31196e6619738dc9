"""The funnel part of Sevenfold."""
