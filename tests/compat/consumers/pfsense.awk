# Reads a report as pfSense's traffic page does: rows stand between the first two rules; of a pair of
# lines it takes the hosts and the rates of the first column, and a unit is one letter before `b`.
# Prints `left;right;sent;received` in bits per second.

function bits(text,    unit) {
	sub("b$", "", text)
	unit = substr(text, length(text))
	if (unit == "K") return substr(text, 1, length(text) - 1) * 1024
	if (unit == "M") return substr(text, 1, length(text) - 1) * 1024 * 1024
	if (unit == "G") return substr(text, 1, length(text) - 1) * 1024 * 1024 * 1024
	return text + 0
}

$1 ~ /^-----/ { rules++; next }

rules == 1 && /=>/ { left = $2; sent = bits($4) }

rules == 1 && /<=/ { printf "%s;%s;%.0f;%.0f\n", left, $1, sent, bits($3) }
