# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verify a fabric: whom a host should reach, the pings that try it, the state of both ends, the causes of failures."""
