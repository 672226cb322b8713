# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find, try and run the kernels on which the lab and the tests run: scripts/lab-kernel."""
