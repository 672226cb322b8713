# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Talk to the kernel: the only package that does, and the only one that imports pyroute2."""
