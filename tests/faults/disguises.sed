# The forms in which tools print a secret of these signs, one after the other.
h
# JSON and option files
s/\\/\\\\/g
s/"/\\"/g
p
# a shell's single quotes
g
s/'/'\\''/g
p
# XML
g
s/&/\&amp;/g
s/</\&lt;/g
s/>/\&gt;/g
s/"/\&quot;/g
s/'/\&apos;/g
p
# percent signs, in both cases, and as a form sends them
g
s/%/%25/g
s/"/%22/g
s/'/%27/g
s/\\/%5C/g
s/ /%20/g
s/&/%26/g
s/</%3C/g
s/>/%3E/g
s/+/%2B/g
s/#/%23/g
s/@/%40/g
s:/:%2F:g
s/\xc3\xbc/%C3%BC/g
p
s/%20/+/g
p
s/%\([0-9A-F][0-9A-F]\)/%\L\1/g
p
s/+/%20/g
p
