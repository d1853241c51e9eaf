// What is not the picture itself: striped, behind a dashed line.
export function drawBorder(pen, p, width, height) {
  pen.save();
  pen.beginPath();
  pen.rect(0, 0, width, height);
  pen.rect(p, p, width - 2 * p, height - 2 * p);
  pen.clip("evenodd");
  pen.strokeStyle = "rgba(90, 160, 230, 0.6)";
  pen.lineWidth = 1;
  pen.beginPath();
  for (let x = -height; x < width; x += 7) {
    pen.moveTo(x, height);
    pen.lineTo(x + height, 0);
  }
  pen.stroke();
  pen.restore();
  pen.setLineDash([5, 4]);
  pen.strokeStyle = "#5aa0e6";
  pen.lineWidth = 2;
  pen.strokeRect(p, p, width - 2 * p, height - 2 * p);
  pen.setLineDash([]);
}
