# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option rows of link kinds and objects. Pure: no kernel, no Ansible."""
