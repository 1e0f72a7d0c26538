"""What other programs put on the clipboard, shortened to what matters."""

WORD = (
    '<html xmlns:w="urn:schemas-microsoft-com:office:word"><head><meta name=ProgId content='
    "Word.Document><style><!-- p.MsoNormal{margin:0cm;font-size:11.0pt} @list l0:level1 "
    "{mso-level-number-format:bullet;} --></style></head><body><!--StartFragment--><p class=MsoNormal><b>Our offer</b>"
    "<o:p></o:p></p><p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 "
    "lfo1'><![if !supportLists]><span style='font-family:Symbol;mso-list:Ignore'>·<span style="
    "'font:7.0pt \"Times New Roman\"'>&nbsp; </span></span><![endif]>First<o:p></o:p></p><p class="
    "MsoListParagraphCxSpLast style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if "
    "!supportLists]><span style='font-family:Symbol;mso-list:Ignore'>·<span style='font:7.0pt "
    '"Times New Roman"\'>&nbsp; </span></span><![endif]>Second<o:p></o:p></p><!--EndFragment--></body></html>'
)
EXCEL = (
    '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta name=ProgId content='
    "Excel.Sheet><style><!-- .xl65 {border:.5pt solid windowtext; text-align:right;} --></style>"
    "</head><body><table><!--StartFragment--><tr><td class=xl65>Bike</td><td class=xl65>2</td></tr>"
    "<!--EndFragment--></table></body></html>"
)
GMAIL = (
    '<div class="gmail_default" style="font-family:arial,sans-serif;color:rgb(200,0,0)">Red '
    '<a href="https://acme.example/x">link</a></div><script>alert(1)</script>'
    '<img src="https://tracker.example/p.gif">'
)
RTL = '<div dir="rtl">שלום <b>עולם</b></div>'
OUTLOOK = (
    '<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:w='
    '"urn:schemas-microsoft-com:office:word"><head><meta name=Generator content="Microsoft Word 15">'
    "<style><!-- p.MsoNormal{margin:0cm;font-size:11.0pt;font-family:Aptos,sans-serif;} "
    "--></style></head><body lang=EN-GB><!--StartFragment--><div class=WordSection1>"
    "<p class=MsoNormal><span lang=DE style='mso-fareast-language:EN-US'>Hello Ada,<o:p></o:p></span></p>"
    "<p class=MsoNormal><o:p>&nbsp;</o:p></p><table class=MsoNormalTable border=0 cellspacing=0>"
    "<tr><td style='border:none;border-left:solid #1a56b0 2.25pt;padding:0cm'><p class=MsoNormal><b>"
    "<span style='color:#1A56B0'>Grace Hopper</span></b><o:p></o:p></p><p class=MsoNormal>"
    "<a href='mailto:grace@navy.example'>grace@navy.example</a></p></td></tr></table>"
    "<p class=MsoNormal><img src='file:///C:/Users/G/image001.png' alt='Logo'></p></div>"
    "<!--EndFragment--></body></html>"
)
