# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bring one host to its desired state: tables, state, plan, kernel, and the engine in run.py."""
