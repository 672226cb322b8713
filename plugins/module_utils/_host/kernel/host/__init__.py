# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All of a host that is not rtnetlink: namespaces, files, ioctls, processes."""
