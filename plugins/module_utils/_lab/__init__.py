# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lab hosts: groups of namespaces on one machine, joined by an underlay of their own."""
