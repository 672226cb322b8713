# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests and dumps of each type of object: <object>_wire.py belongs to tables/objects/<object>.py."""
