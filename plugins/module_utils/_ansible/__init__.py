# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Everything that imports Ansible's module API: its module class and the runs of our modules."""
